/// <reference lib="dom" />
/** The form for the name, the note and the tags of a run. */
import { useSignal } from "@preact/signals";
import { html as markup } from "htm/preact";
import type { ComponentChildren, TargetedSubmitEvent } from "preact";
import type { Notes } from "../../lib/config/notes_shape.ts";
import { commaList } from "../../lib/report/run_form.ts";
import type { RunDetail } from "../../lib/run/types.ts";

interface NotesProps {
  readonly run: RunDetail;
  /** Gets the values that were changed. Resolves to the server's words if it refuses them, "" otherwise. */
  readonly save: (edits: Notes) => Promise<string>;
}

export function NotesForm({ run: { id, name = "", note = "", tags = [] }, save }: NotesProps): ComponentChildren {
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
