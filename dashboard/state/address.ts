/** Reads and writes the page's address, which names a view, a run, and runs to compare. No DOM. */

export const VIEWS = ["overview", "evaluation", "label", "runs", "system", "service"] as const;
export type View = typeof VIEWS[number];

export interface Address {
  readonly view: View;
  /** The chosen run; undefined for the one that the server trains or serves. */
  readonly run: string | undefined;
  /** The runs that are compared; undefined until the user selects some. */
  readonly compare?: readonly string[] | undefined;
}

export function parseAddress({ search, hash }: { readonly search: string; readonly hash: string }): Address {
  const view = VIEWS.find((name) => `#${name}` === hash) ?? "overview";
  const query = new URLSearchParams(search);
  const compare = query.get("compare")?.split(",");
  return { view, run: query.get("run") || undefined, ...compare && { compare } };
}

/** Returns a link to `address`, relative to the page. */
export function linkTo({ view, run, compare }: Address): string {
  const query = [
    ...run === undefined ? [] : [`run=${encodeURIComponent(run)}`],
    ...compare === undefined ? [] : [`compare=${compare.map(encodeURIComponent).join(",")}`],
  ];
  return `./${query.length > 0 ? `?${query.join("&")}` : ""}#${view}`;
}

/** Most runs that are compared. Each keeps its colour while others are added and removed. */
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
