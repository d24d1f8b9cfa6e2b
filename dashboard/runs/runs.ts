/** The view of all runs: the user shows one, compares up to five, starts new ones, names and removes them. */
import { html as markup } from "htm/preact";
import { type ComponentChildren, h, type TargetedEvent } from "preact";
import { useEffect } from "preact/hooks";
import { moment } from "../../lib/report/format.ts";
import { columnOf, dataOf, RESULTS, stateOf, stateText, usualColumns } from "../../lib/report/run_columns.ts";
import type { RunDetail } from "../../lib/run/types.ts";
import { linkTo } from "../state/address.ts";
import { isFull, MOST_RUNS, type Selection, toggle } from "../state/selection.ts";
import type { Store } from "../store.ts";
import { Card, Short } from "../ui/card.ts";
import { ask } from "../ui/confirm.ts";
import { type Column, Table } from "../ui/table.ts";
import { Compare } from "./compare.ts";
import { NotesForm } from "./edit_notes.ts";
import { NewRun } from "./new_run.ts";
import { PAGE } from "./run_store.ts";

/** States of runs that the server does not remove. */
const BUSY: readonly RunDetail["state"][] = ["running", "paused", "stopping"];
const STATES: readonly RunDetail["state"][] = ["queued", ...BUSY, "finished", "failed", "interrupted"];

export function Runs({ store }: { readonly store: Store }): ComponentChildren {
  const { runs, address } = store;
  const view = store.view.value;
  const { current, trains, runs: listed, next } = runs.list.value;
  // Until the user selects a run, the shown one is selected.
  const selection: Selection = address.value.compare ?? (view.run === "" ? [] : [view.run]);
  const picked = selection.filter((id) => id !== "");
  const tick = store.tick.value;
  useEffect(() => void runs.compare(picked, view.run), [tick, picked.join(), listed]);
  const pick = (id: string) => store.go({ ...address.value, compare: toggle(selection, id) }, false);
  const input = (key: "state" | "text") => (event: TargetedEvent<HTMLInputElement | HTMLSelectElement>) =>
    runs[key].value = event.currentTarget.value;
  const names = runs.columns.value ?? usualColumns(listed);
  const edit = (run: RunDetail) =>
    void ask("notes-title", h(NotesForm, { run, save: (edits) => runs.edit(run.id, edits) }));
  const remove = async (run: RunDetail) => {
    if (await runs.remove(run) && address.value.compare?.includes(run.id)) pick(run.id);
  };
  const columns: Column<RunDetail>[] = [
    {
      name: "run",
      cell: ({ id, startedAt }) => {
        const slot = selection.indexOf(id);
        return markup`<span class="pick slot-${slot}"><input id="pick-${id}" type="checkbox" checked=${slot >= 0}
          disabled=${slot < 0 && isFull(selection)} aria-label="Compare ${id}" onChange=${() => pick(id)} />
          <a id="run-of-${id}" title=${moment(startedAt)} href=${linkTo({ view: "overview", run: id })}
          aria-current=${id === view.run ? "true" : undefined}>${id}</a></span>`;
      },
    },
    {
      name: "state",
      look: "",
      value: stateOf,
      cell: (run) =>
        markup`<span class="state" data-state=${stateOf(run)}>${stateText(run, current)}</span>
          ${run.error !== undefined && markup`<p class="error why">${run.error}</p>`}`,
    },
    {
      name: "name",
      look: "",
      value: ({ name }) => name,
      cell: ({ name = "", note = "", tags = [] }) => {
        const tag = (tag: string) =>
          markup`<button key=${tag} type="button" class="link tag" title="Find runs with this tag"
            onClick=${() => runs.text.value = tag}>${tag}</button>`;
        return markup`${h(Short, { text: name })}${tags.map(tag)}${h(Short, { text: note, look: "hint" })}`;
      },
    },
    { name: "data", look: "", value: dataOf, cell: (run) => h(Short, { text: dataOf(run) }) },
    ...names.map(columnOf).map(({ name, value, text }) => ({ name, value, cell: text })),
    {
      name: "",
      look: "act",
      cell: (run) => {
        const removal = run.state === "queued" ? "Cancel" : "Delete";
        return trains && markup`<button id="edit-${run.id}" type="button" class="link" aria-label="Edit ${run.id}"
          onClick=${() => edit(run)}>Edit</button>${
          !BUSY.includes(run.state) && run.id !== current && markup`<button id="remove-${run.id}" type="button"
          class="link" aria-label="${removal} ${run.id}" onClick=${() => remove(run)}>${removal}</button>`
        }`;
      },
    },
  ];
  const head = markup`
    <span id="picked" class="hint" role="status">${picked.length} of at most ${MOST_RUNS} compared</span>
    <label class="filter"><span>State</span> <select id="run-state" onInput=${input("state")}>
      <option value="">any</option>${
    STATES.map((state) => markup`<option key=${state}>${state}</option>`)
  }</select></label>
    <label class="filter"><span>Find</span> <input id="run-filter" type="search" autocomplete="off" maxlength="200"
      value=${runs.text} onInput=${input("text")} /></label>`;
  const look = { labelledBy: "run-list-title", look: "runs-table", order: runs.order };
  const content = markup`
    <p id="run-status" class="hint" role="status">${runs.status}</p>
    ${h(ColumnChoice, { store, names })}
    ${h(Table<RunDetail>, { ...look, columns, rows: listed, keyOf: ({ id }) => id })}
    ${listed.length === 0 && markup`<p class="hint">No run matches</p>`}
    ${
    next !== null && markup`<p><button id="run-older" type="button" class="plain"
      onClick=${() => runs.limit.value += PAGE}>Older runs</button></p>`
  }`;
  return markup`
    <div class="view runs">
      ${picked.length > 1 && h(Compare, { store, selection })}
      ${trains && h(NewRun, { like: view, data: store.data.value.value, started: () => void runs.load() })}
      ${h(Card, { id: "run-list", title: "Runs", head, empty: runs.empty.value, keeps: true }, content)}
    </div>`;
}

interface ColumnChoiceProps {
  readonly store: Store;
  readonly names: readonly string[];
}

/** Chooses the columns: results, and keys of the config. */
function ColumnChoice({ store: { runs: { list, columns } }, names }: ColumnChoiceProps): ComponentChildren {
  const keys = new Set(list.value.runs.flatMap(({ config }) => Object.keys(config)));
  const option = (name: string) => {
    const change = () => columns.value = names.includes(name) ? names.filter((one) => one !== name) : [...names, name];
    return markup`<label key=${name}><input type="checkbox" checked=${names.includes(name)} onChange=${change} />
      <span>${name}</span></label>`;
  };
  return markup`<details class="columns"><summary>Columns</summary><p>
    <button type="button" class="plain" onClick=${() =>
    columns.value = undefined}>Results, and what differs</button></p>
    <div class="options">${[...RESULTS.map(({ name }) => name), ...keys].map(option)}</div></details>`;
}
