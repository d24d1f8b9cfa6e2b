/** Up to five runs to compare, each with a colour that it keeps while others come and go. No DOM. */

export const MOST_RUNS = 5;

/** By slot, which is its colour; undefined: free. */
export type Selection = readonly (string | undefined)[];

export const NO_RUNS: Selection = Array.from({ length: MOST_RUNS });

/** `selection` with `run` in it, or without it. Full ones stay as they are. */
export function toggle(selection: Selection, run: string): Selection {
  const at = selection.indexOf(run);
  if (at >= 0) return selection.with(at, undefined);
  const free = selection.indexOf(undefined);
  return free < 0 ? selection : selection.with(free, run);
}

export function isFull(selection: Selection): boolean {
  return !selection.includes(undefined);
}
