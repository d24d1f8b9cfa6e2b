/// <reference lib="dom" />
/** Creates the rows of a run in the list. */
import type { RunDetail } from "../../lib/run/types.ts";
import { linkTo } from "../state/address.ts";
import { create, tableRow } from "../page/dom.ts";
import { count, duration, loss, moment, percent, plain } from "../state/format.ts";
import { isStopped } from "../state/state.ts";

/** Number of columns of the list. */
export const COLUMNS = 11;

interface RowOptions {
  /** The run's slot in the comparison, -1 for none. */
  readonly slot: number;
  /** True if the comparison has no free slot. */
  readonly isFull: boolean;
  /** True if the page shows the run. */
  readonly isShown: boolean;
  /** True if the server trains or serves the run. */
  readonly isCurrent: boolean;
  /** True if the server can remove the run. */
  readonly isRemovable: boolean;
  onPick(): void;
  onRemove(): void;
}

/** Returns the row of `run`, and another one with the error if it could not start. */
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
    create("td", "what", dataOf(run)),
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

/** Returns the names of the run's files, or the name of its generated task. */
function dataOf({ config }: RunDetail): string {
  const data = config["data"];
  if (Array.isArray(data) && data.length > 0) return data.map((name) => plain(name).replace(/^.*[\\/]/, "")).join(", ");
  return plain(config["task"] ?? "–");
}
