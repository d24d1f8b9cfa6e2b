/** Reads and writes the page's address, which names a view and a run. No DOM. */

export const VIEWS = ["training", "evaluation", "runs", "service"] as const;
type View = typeof VIEWS[number];

interface Address {
  readonly view: View;
  /** The chosen run; undefined for the one that the server trains or serves. */
  readonly run: string | undefined;
}

export function parseAddress({ search, hash }: { readonly search: string; readonly hash: string }): Address {
  const view = VIEWS.find((name) => `#${name}` === hash) ?? "training";
  return { view, run: new URLSearchParams(search).get("run") || undefined };
}

/** Returns a link to `address`, relative to the page. */
export function linkTo({ view, run }: Address): string {
  return `${run === undefined ? "../" : `./?run=${encodeURIComponent(run)}`}#${view}`;
}
