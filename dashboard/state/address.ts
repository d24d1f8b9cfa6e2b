/** Reads and writes the page's address, which names a view, a run, and runs to compare. No DOM. */

export const VIEWS = ["overview", "evaluation", "runs", "system", "service"] as const;
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
