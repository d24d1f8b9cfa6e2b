/**
 * Reads and edits `notes.json`, the name, note and tags of a run. People may change it while the run exists; what was
 * trained is in `run.json`, which never changes.
 */
import { join } from "node:path";
import { type Notes, notesSchema } from "../../config/notes_shape.ts";
import { DamagedFile } from "../../base/errors.ts";
import { readJson, unlessMissing, writeJson } from "./files.ts";
import { lockInTurn } from "./lock.ts";

/** The newest edit of each directory that this process is writing: edits are made in their order. */
const editing = new Map<string, Promise<Notes>>();

/** Reads the notes of the run in `directory`. A missing or damaged file has none: it must not hide the run. */
export async function readNotes(directory: string): Promise<Notes> {
  try {
    return filled(await unlessMissing(() => readJson(join(directory, "notes.json"), notesSchema)) ?? {});
  } catch (error) {
    if (error instanceof DamagedFile) return {};
    throw error;
  }
}

/** Changes the given values, and returns all. Edits never lose each other's values, also those of several processes. */
export async function editNotes(directory: string, edits: Notes): Promise<Notes> {
  const before = editing.get(directory) ?? Promise.resolve({});
  const edit = before.catch(() => {}).then(async () => {
    // The file itself is replaced, so it cannot have the lock.
    const lock = await lockInTurn(join(directory, "notes.lock"));
    try {
      const notes = filled({ ...await readNotes(directory), ...edits });
      await writeJson(join(directory, "notes.json"), notes);
      return notes;
    } finally {
      lock.close();
    }
  });
  editing.set(directory, edit);
  try {
    return await edit;
  } finally {
    if (editing.get(directory) === edit) editing.delete(directory);
  }
}

/** Returns `notes` without empty values, and each tag once. */
export function filled({ name = "", note = "", tags = [] }: Notes): Notes {
  return { ...name !== "" && { name }, ...note !== "" && { note }, ...tags.length > 0 && { tags: [...new Set(tags)] } };
}
