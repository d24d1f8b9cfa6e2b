/** Selects up to five runs to compare. Each keeps its colour while others are added and removed. No DOM. */

export const MOST_RUNS = 5;

/** Ids of runs by slot, which decides the colour; undefined for a free slot. */
export type Selection = readonly (string | undefined)[];

export const NO_RUNS: Selection = Array.from({ length: MOST_RUNS });

/** Adds `run` to the selection, or removes it if it is there. Does not add to a full selection. */
export function toggle(selection: Selection, run: string): Selection {
  const at = selection.indexOf(run);
  if (at >= 0) return selection.with(at, undefined);
  const free = selection.indexOf(undefined);
  return free < 0 ? selection : selection.with(free, run);
}

export function isFull(selection: Selection): boolean {
  return !selection.includes(undefined);
}
