/** The view of all runs: the user shows one, compares up to five, starts new ones and removes old ones. */
import { html as markup } from "htm/preact";
import { type ComponentChildren, h, type TargetedEvent } from "preact";
import { useEffect } from "preact/hooks";
import type { RunDetail } from "../../lib/run/types.ts";
import { count } from "../../lib/report/format.ts";
import { differingKeys } from "../../lib/report/differences.ts";
import { isFull, MOST_RUNS, type Selection, toggle } from "../state/selection.ts";
import type { Store } from "../store.ts";
import { Card } from "../ui/card.ts";
import { Compare } from "./compare.ts";
import { NewRun } from "./new_run.ts";
import { columnOf, nextOrder, sortRuns, USUAL } from "../../lib/report/run_columns.ts";
import { FIRST, RunRows } from "./run_row.ts";

/** States to filter by. */
const STATES: readonly RunDetail["state"][] = [
  ...["queued", "running", "paused", "stopping"] as const,
  ...["finished", "failed", "interrupted"] as const,
];

export function Runs({ store }: { readonly store: Store }): ComponentChildren {
  const { runs, address } = store;
  const view = store.view.value;
  const { current, trains, runs: listed, next } = runs.list.value;
  // Until the user selects a run, the shown one is selected.
  const selection: Selection = address.value.compare ?? (view.run === "" ? [] : [view.run]);
  const picked = selection.filter((id) => id !== "");
  const tick = store.tick.value;
  useEffect(() => runs.refresh(), [tick]);
  useEffect(() => void (picked.length > 1 && runs.readEvaluations(picked)), [tick, picked.join()]);
  useEffect(() => void runs.read(picked, view.run), [tick, picked.join()]);
  const pick = (id: string) => store.go({ ...address.value, compare: toggle(selection, id) }, false);
  const turned = runs.turned.value;
  const turn = (pages: readonly string[]) => () => runs.turned.value = pages;
  const newer = turned.length > 0 ? turn(turned.slice(0, -1)) : undefined;
  const older = next === null ? undefined : turn([...turned, next]);
  const filter = (key: "state" | "text") => (event: TargetedEvent<HTMLInputElement | HTMLSelectElement>) => {
    runs.turned.value = [];
    runs[key].value = event.currentTarget.value;
  };
  const head = markup`
    <span id="picked" class="hint" role="status">${picked.length} of at most ${MOST_RUNS} compared</span>
    <label class="filter"><span>State</span>${" "}<select id="run-state" onInput=${filter("state")}>
      <option value="">any</option>${
    STATES.map((state) => markup`<option key=${state}>${state}</option>`)
  }</select></label>
    <label class="filter"><span>Column</span>${" "}<select id="run-key" value=${runs.key.value}
      onInput=${(event: TargetedEvent<HTMLSelectElement>) => runs.key.value = event.currentTarget.value}>
      <option value="">none</option>${
    differingKeys(listed).map(({ name }) => markup`<option key=${name}>${name}</option>`)
  }</select></label>
    <label class="filter"><span>Find</span>${" "}<input id="run-filter" type="search" autocomplete="off" maxlength="200"
      onInput=${filter("text")} /></label>`;
  const columns = [...runs.key.value === "" ? [] : [columnOf(runs.key.value)], ...USUAL.map(columnOf)];
  const order = runs.order.value;
  const sort = (by: string) => () => {
    runs.turned.value = [];
    runs.order.value = nextOrder(order, by);
  };
  const direction = order?.isDescending ? "descending" : "ascending";
  const rows = sortRuns(listed, columns, order).map((run) =>
    h(RunRows, {
      key: run.id,
      run,
      slot: selection.indexOf(run.id),
      isFull: isFull(selection),
      isShown: run.id === view.run,
      isCurrent: run.id === current,
      isRemovable: trains && run.id !== current,
      columns,
      pick,
      remove: async () => {
        if (await runs.remove(run) && picked.includes(run.id) && address.value.compare) pick(run.id);
      },
    })
  );
  return markup`
    <div class="view runs">
      ${h(Compare, { store, selection })}
      ${
    trains
      ? h(NewRun, {
        like: view,
        started: () => {
          runs.turned.value = [];
          void runs.load();
        },
      })
      : null
  }
      ${
    h(
      Card,
      { id: "run-list", title: "Runs", head, empty: runs.empty.value, keeps: true },
      markup`
        <p id="run-status" class="hint" role="status">${runs.status.value}</p>
        <div id="run-scroll" class="scroll" tabindex="0" role="group" aria-labelledby="run-list-title">
          <table class="runs-table">
            <thead><tr>${FIRST.map((name) => markup`<th key=${name} scope="col">${name}</th>`)}${
        columns.map(({ name }) =>
          markup`<th key=${name} scope="col" class="number" aria-sort=${name === order?.by ? direction : undefined}>
            <button type="button" class="sort" onClick=${sort(name)}>${name}</button></th>`
        )
      }<td></td></tr></thead>
            <tbody id="run-rows">${rows}${
        listed.length === 0
          ? markup`<tr><td class="hint" colspan=${FIRST.length + columns.length + 1}>No run matches</td></tr>`
          : null
      }</tbody>
          </table>
        </div>
        ${newer || older ? h(Pages, { newer, older, place: turned.length + 1 }) : null}`,
    )
  }
    </div>`;
}

interface PagesProps {
  readonly newer: (() => void) | undefined;
  readonly older: (() => void) | undefined;
  readonly place: number;
}

/** Buttons that turn the pages. `disabled` would take the focus from a button that was just pressed. */
function Pages({ newer, older, place }: PagesProps): ComponentChildren {
  return markup`<nav id="run-pages" class="pages" aria-label="Pages of runs">
    <button id="run-newer" type="button" class="plain" aria-disabled=${String(!newer)} onClick=${newer}>Newer</button>
    <span id="run-place" class="hint" role="status">Page ${count(place)}</span>
    <button id="run-older" type="button" class="plain" aria-disabled=${String(!older)} onClick=${older}>Older</button>
  </nav>`;
}
