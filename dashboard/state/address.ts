/** What the page's address says: which part of it is shown, and which run. No DOM. */

export const VIEWS = ["training", "judgement", "runs", "service"] as const;
export type View = typeof VIEWS[number];

export interface Address {
  readonly view: View;
  /** The run that was chosen; undefined: whatever the server trains or serves. */
  readonly run: string | undefined;
}

export function parseAddress({ search, hash }: { readonly search: string; readonly hash: string }): Address {
  const view = VIEWS.find((name) => `#${name}` === hash) ?? "training";
  return { view, run: new URLSearchParams(search).get("run") || undefined };
}

/** A link to `address`, relative to the page. */
export function linkTo({ view, run }: Address): string {
  return `${run === undefined ? "../" : `./?run=${encodeURIComponent(run)}`}#${view}`;
}
