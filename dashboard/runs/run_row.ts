/** The row of a run in the list, and another one with the error if it could not start. */
import { html as markup } from "htm/preact";
import type { ComponentChildren } from "preact";
import type { RunDetail } from "../../lib/run/types.ts";
import { linkTo } from "../state/address.ts";
import { moment, plain } from "../../lib/report/format.ts";
import { isStopped } from "../../lib/report/run_view.ts";
import type { Column } from "../../lib/report/run_columns.ts";

/** Names of the columns before those that can be sorted. */
export const FIRST = ["compare", "run", "state", "started", "data"] as const;

/** States of runs that the server does not remove. */
const BUSY: readonly string[] = ["running", "paused", "stopping"];

interface RowProps {
  readonly run: RunDetail;
  /** The run's slot in the comparison, -1 for none. */
  readonly slot: number;
  /** True if the comparison has no free slot. */
  readonly isFull: boolean;
  /** True if the page shows the run. */
  readonly isShown: boolean;
  /** True if the server trains or serves the run. */
  readonly isCurrent: boolean;
  /** True if the server can remove the run when it is idle. */
  readonly isRemovable: boolean;
  /** The columns that can be sorted. */
  readonly columns: readonly Column[];
  readonly pick: (run: string) => void;
  readonly remove: () => void;
}

export function RunRows(
  { run, slot, isFull, isShown, isCurrent, isRemovable, columns, pick, remove }: RowProps,
): ComponentChildren {
  const { id, state: known, place, startedAt, summary, error, config } = run;
  const state = known === "finished" && isStopped(summary) ? "stopped" : known;
  const more = place !== undefined ? ` · ${place}` : isCurrent ? " · here" : "";
  const removal = known === "queued" ? "Cancel" : "Delete";
  return markup`
    <tr class=${isShown ? "shown" : ""}>
      <td class="pick slot-${slot}"><input id="pick-${id}" type="checkbox" checked=${slot >= 0} disabled=${
    slot < 0 && isFull
  }
        aria-label="Compare ${id}" onChange=${() => pick(id)} /></td>
      <th scope="row"><a id="run-of-${id}" class="run-link" href=${linkTo({ view: "overview", run: id })}
        aria-current=${isShown ? "true" : undefined}>${id}</a></th>
      <td><span class="state" data-state=${state}>${state}${more}</span></td>
      <td class="when">${moment(startedAt)}</td>
      <td class="what" title=${dataOf(config)}>${dataOf(config)}</td>
      ${columns.map((column) => markup`<td class="number">${column.text(run)}</td>`)}
      <td class="act">${
    isRemovable && !BUSY.includes(known)
      ? markup`<button id="remove-${id}" type="button" class="plain" aria-label="${removal} ${id}" onClick=${remove}>${removal}</button>`
      : null
  }</td>
    </tr>
    ${
    error === undefined
      ? null
      : markup`<tr class="why"><td></td><td class="error" colspan=${FIRST.length + columns.length}>${error}</td></tr>`
  }
  `;
}

/** Returns the names of the run's files, or the name of its generated task. */
function dataOf(config: RunDetail["config"]): string {
  const data = config["data"];
  if (Array.isArray(data) && data.length > 0) return data.map((name) => plain(name).replace(/^.*[\\/]/, "")).join(", ");
  return plain(config["task"] ?? "–");
}
