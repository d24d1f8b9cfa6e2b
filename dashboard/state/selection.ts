/** Selects up to five runs to compare. Each keeps its colour while others are added and removed. No DOM. */

export const MOST_RUNS = 5;

/** Ids of runs by slot, which decides the colour; "" for a free slot. */
export type Selection = readonly string[];

/** Adds `run` to the selection, or removes it if it is there. Does not add to a full selection. */
export function toggle(selection: Selection, run: string): Selection {
  const at = selection.indexOf(run);
  if (at >= 0) return selection.with(at, "");
  const free = selection.indexOf("");
  if (free >= 0) return selection.with(free, run);
  return isFull(selection) ? selection : [...selection, run];
}

export function isFull(selection: Selection): boolean {
  return selection.filter((run) => run !== "").length >= MOST_RUNS;
}
