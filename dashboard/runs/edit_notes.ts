/// <reference lib="dom" />
/** A dialog for the name, the note and the tags of a run. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h, render, type TargetedSubmitEvent } from "preact";
import type { Notes } from "../../lib/config/notes_shape.ts";
import { commaList } from "../../lib/report/run_form.ts";
import type { RunDetail } from "../../lib/run/types.ts";

interface NotesProps {
  readonly run: RunDetail;
  /** Resolves to the server's words if it refuses the edits, "" otherwise. */
  readonly save: (edits: Notes) => Promise<string>;
  readonly close: () => void;
}

/** Opens the dialog; `save` gets the values that were changed. */
export function editNotes(run: RunDetail, save: NotesProps["save"]): void {
  const dialog = document.createElement("dialog");
  dialog.className = "card";
  dialog.setAttribute("aria-labelledby", "notes-title");
  dialog.addEventListener("close", () => dialog.remove());
  render(h(NotesForm, { run, save, close: () => dialog.close() }), dialog);
  document.body.append(dialog);
  dialog.showModal();
}

function NotesForm({ run, save, close }: NotesProps): ComponentChildren {
  const error = useSignal("");
  const { id, name = "", note = "", tags = [] } = run;
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const text = (field: string) => String(given.get(field)).trim();
    // Another page may have changed the others.
    error.value = await save({
      ...text("name") !== name && { name: text("name") },
      ...text("note") !== note && { note: text("note") },
      ...text("tags") !== tags.join(", ") && { tags: commaList(text("tags")) },
    });
    if (error.value === "") close();
  };
  return markup`<form class="edit-notes" onSubmit=${submit}>
    <h2 id="notes-title">Run ${id}</h2>
    <label>Name <input name="name" value=${name} maxlength="100" autocomplete="off" autofocus /></label>
    <label>Tags, separated by commas <input name="tags" value=${tags.join(", ")} autocomplete="off" /></label>
    <label>Note <textarea name="note" rows="4" maxlength="4000">${note}</textarea></label>
    <p class="error" role="alert">${error.value}</p>
    <p class="buttons"><button type="submit" class="primary">Save</button>
      <button type="button" onClick=${close}>Cancel</button></p></form>`;
}
