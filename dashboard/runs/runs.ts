/// <reference lib="dom" />
/** The view of all runs: the user shows one, compares up to five, starts new ones, names and removes them. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h, type TargetedSubmitEvent } from "preact";
import { useEffect } from "preact/hooks";
import { counted } from "../../lib/base/counted.ts";
import type { Notes } from "../../lib/config/notes_shape.ts";
import { moment } from "../../lib/report/format.ts";
import { columnOf, dataOf, RESULTS, stateOf, stateText, usualColumns } from "../../lib/report/run_columns.ts";
import { commaList } from "../../lib/report/run_form.ts";
import type { RunDetail } from "../../lib/run/types.ts";
import { isFull, linkTo, MOST_RUNS, type Selection, toggle } from "../state/address.ts";
import type { Store } from "../store.ts";
import { Card, Field, type FieldProps, Short, Switch } from "../ui/card.ts";
import { ask } from "../ui/confirm.ts";
import { type Column, Table } from "../ui/table.ts";
import { Compare } from "./compare.ts";
import { NewRun } from "./new_run.ts";
import { PAGE } from "./run_store.ts";

/** States of runs that the server does not remove. */
const BUSY: readonly RunDetail["state"][] = ["running", "paused", "stopping"];
const STATES: readonly RunDetail["state"][] = ["queued", ...BUSY, "finished", "failed", "interrupted"];

/** Tells how far the search before a run has come. */
function SearchState(
  { search: { trials, elapsed, minutes }, show }: {
    readonly search: NonNullable<RunDetail["search"]>;
    readonly show: () => void;
  },
): ComponentChildren {
  const time = `${elapsed.toFixed(1)} of ${minutes} minutes`;
  return markup`<p class="hint why">Search: <button type="button" class="link" title="Find its trials"
    onClick=${show}>${counted(trials, "trial")}</button> in ${time}</p>`;
}

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
  const filter = (key: "state" | "text", label: string, kind: FieldProps["kind"], more: Partial<FieldProps>) =>
    h(Field, { id: `run-${key}`, label, kind, text: runs[key].value, set: (text) => runs[key].value = text, ...more });
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
          ${run.search && h(SearchState, { search: run.search, show: () => runs.text.value = run.search!.id })}
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
          run.search
            ? markup`<button id="end-${run.id}" type="button" class="link" aria-label="End the search of ${run.id}"
          onClick=${() => void runs.endSearch(run.id)}>End search</button>`
            : !BUSY.includes(run.state) && run.id !== current && markup`<button id="remove-${run.id}" type="button"
          class="link" aria-label="${removal} ${run.id}" onClick=${() => remove(run)}>${removal}</button>`
        }`;
      },
    },
  ];
  const head = markup`
    <span id="picked" class="hint" role="status">${picked.length} of at most ${MOST_RUNS} compared</span>
    ${filter("state", "State", "choice", { options: STATES, placeholder: "any" })}
    ${filter("text", "Find", "text", { more: { type: "search", maxlength: 200 } })}`;
  const look = { labelledBy: "run-list-title", look: "runs-table", order: runs.order };
  const older = () => runs.limit.value += PAGE;
  const content = markup`
    <p id="run-status" class="hint" role="status">${runs.status}</p>
    ${h(ColumnChoice, { runs, names })}
    ${h(Table<RunDetail>, { ...look, columns, rows: listed, keyOf: ({ id }) => id })}
    ${listed.length === 0 && markup`<p class="hint">No run matches</p>`}
    ${
    next !== null &&
    markup`<p><button id="run-older" type="button" class="plain" onClick=${older}>Older runs</button></p>`
  }`;
  return markup`
    <div class="view runs">
      ${picked.length > 1 && h(Compare, { store, selection })}
      ${trains && h(NewRun, { like: view, data: store.data.value.value, started: () => void runs.load() })}
      ${h(Card, { id: "run-list", title: "Runs", head, empty: runs.empty.value, keeps: true }, content)}
    </div>`;
}

/** Chooses the columns: results, and keys of the config. */
function ColumnChoice(
  { runs: { list, columns }, names }: { readonly runs: Store["runs"]; readonly names: readonly string[] },
): ComponentChildren {
  const keys = new Set(list.value.runs.flatMap(({ config }) => Object.keys(config)));
  const option = (name: string) => {
    const change = (isOn: boolean) => columns.value = isOn ? [...names, name] : names.filter((one) => one !== name);
    return h(Switch, { key: name, id: `column-${name}`, text: name, isOn: names.includes(name), set: change });
  };
  const reset = () => columns.value = undefined;
  return markup`<details class="columns"><summary>Columns</summary><p>
    <button type="button" class="plain" onClick=${reset}>Results, and what differs</button></p>
    <div class="options">${[...RESULTS.map(({ name }) => name), ...keys].map(option)}</div></details>`;
}

/** The form for the name, the note and the tags. `save` gets the values that were changed. It resolves to the server's words if it refuses them, "" otherwise. */
function NotesForm(
  { run: { id, name = "", note = "", tags = [] }, save }: {
    readonly run: RunDetail;
    readonly save: (edits: Notes) => Promise<string>;
  },
): ComponentChildren {
  const error = useSignal("");
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    const { currentTarget: form, submitter } = event;
    if (submitter instanceof HTMLButtonElement && submitter.value === "") return;
    event.preventDefault();
    const text = (field: string) => String(new FormData(form).get(field)).trim();
    const [newName, newNote, newTags] = [text("name"), text("note"), text("tags")];
    error.value = await save({
      ...newName !== name && { name: newName },
      ...newNote !== note && { note: newNote },
      ...newTags !== tags.join(", ") && { tags: commaList(newTags) },
    });
    if (error.value === "") form.closest("dialog")?.close();
  };
  return markup`<form method="dialog" class="edit-notes" onSubmit=${submit}>
    <h2 id="notes-title">Run ${id}</h2>
    <label>Name <input name="name" value=${name} maxlength="100" autocomplete="off" autofocus /></label>
    <label>Tags, separated by commas <input name="tags" value=${tags.join(", ")} autocomplete="off" /></label>
    <label>Note <textarea name="note" rows="4" maxlength="4000">${note}</textarea></label>
    <p class="error" role="alert">${error}</p>
    <p class="buttons"><button value="save" class="primary">Save</button><button value="">Cancel</button></p></form>`;
}
