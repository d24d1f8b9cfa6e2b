/// <reference lib="dom" />
/** A run as rows of the list. */
import type { RunDetail } from "../../lib/run/types.ts";
import { linkTo } from "../state/address.ts";
import { create, tableRow } from "../page/dom.ts";
import { count, duration, loss, moment, percent, plain } from "../state/format.ts";
import { isStopped } from "../state/state.ts";

/** Columns of the list. */
export const COLUMNS = 11;

export interface RowOptions {
  /** Its place among those that are compared, -1 for none; whether there is room for one more. */
  readonly slot: number;
  readonly isFull: boolean;
  /** Whether the page shows it, and whether it is the server's own. */
  readonly isShown: boolean;
  readonly isCurrent: boolean;
  /** Whether the server would remove it. */
  readonly isRemovable: boolean;
  onPick(): void;
  onRemove(): void;
}

/** The row of `run`, and another one that says why it could not start, where that is so. */
export function runRows(run: RunDetail, options: RowOptions): HTMLTableRowElement[] {
  const { id, startedAt, summary, error } = run;
  const row = tableRow(
    linkOf(id, options.isShown),
    loss(summary?.heldOut?.loss),
    percent(summary?.heldOut?.accuracy),
    percent(summary?.test?.accuracy),
    count(summary?.epochs),
    duration(summary?.seconds),
  );
  row.prepend(create("td", `pick slot-${options.slot}`, pickOf(run, options)));
  row.children[1]?.after(
    create("td", "", badgeOf(run, options.isCurrent)),
    create("td", "when", moment(startedAt)),
    create("td", "what", aboutOf(run)),
  );
  row.append(create("td", "act", ...options.isRemovable ? [removalOf(run, options)] : []));
  if (options.isShown) row.className = "shown";
  if (error === undefined) return [row];
  const why = create("td", "error", error);
  why.colSpan = COLUMNS - 1;
  return [row, create("tr", "why", create("td"), why)];
}

function linkOf(id: string, isShown: boolean): HTMLElement {
  const link = create("a", "run-link", id);
  link.id = `run-of-${id}`;
  link.href = linkTo({ view: "training", run: id });
  if (isShown) link.setAttribute("aria-current", "true");
  return link;
}

function pickOf({ id }: RunDetail, { slot, isFull, onPick }: RowOptions): HTMLElement {
  const pick = create("input");
  pick.type = "checkbox";
  pick.id = `pick-${id}`;
  pick.checked = slot >= 0;
  pick.disabled = slot < 0 && isFull;
  pick.setAttribute("aria-label", `Compare ${id}`);
  pick.addEventListener("change", onPick);
  return pick;
}

function badgeOf({ state: known, place, summary }: RunDetail, isCurrent: boolean): HTMLElement {
  const state = known === "finished" && isStopped(summary) ? "stopped" : known;
  const more = place !== undefined ? ` · ${place}` : isCurrent ? " · here" : "";
  const badge = create("span", "state", state + more);
  badge.dataset["state"] = state;
  return badge;
}

function removalOf({ id, state }: RunDetail, { onRemove }: RowOptions): HTMLElement {
  const remove = create("button", "plain", state === "queued" ? "Cancel" : "Delete");
  remove.type = "button";
  remove.id = `remove-${id}`;
  remove.setAttribute("aria-label", `${remove.textContent} ${id}`);
  remove.addEventListener("click", onRemove);
  return remove;
}

/** What was trained on, in few words. */
function aboutOf({ config }: RunDetail): string {
  const data = config["data"];
  if (Array.isArray(data) && data.length > 0) return data.map((name) => plain(name).replace(/^.*[\\/]/, "")).join(", ");
  return plain(config["task"] ?? "–");
}
