/** The files of the data directory: clients may list them, look at their columns, and train on them, and on no others. */
import type { Dirent } from "node:fs";
import { opendir, realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import { z } from "zod";
import { errorCode, InputError } from "../../base/errors.ts";
import { RUN_ID } from "../files/directory.ts";
import { type Preview, previewRows, previewSchema } from "./preview.ts";

export const dataFilesSchema = z.object({
  /** By name, relative to the data directory. */
  files: z.array(z.object({ name: z.string(), bytes: z.int() })),
  /** Tells whether there are more files than were looked at. */
  more: z.boolean(),
});
export type DataFiles = Readonly<z.infer<typeof dataFilesSchema>>;

export const filePreviewSchema = z.object({ name: z.string(), bytes: z.int(), ...previewSchema.shape });
export type FilePreview = Readonly<z.infer<typeof filePreviewSchema>>;

/** Files that are listed, entries that are looked at to find them, and folders within each other. */
const [MOST_FILES, MOST_ENTRIES, DEEPEST] = [1000, 10_000, 8];

/** Matches names of files that usually have rows. Files of other names can be used, but are not listed. */
const ROWS = /\.(csv|tsv|tab|jsonl|ndjson|txt)(\.gz)?$/i;

/** Lists the files of rows in `dataDir` and its folders, but for hidden ones, run directories, and links that lead out. */
export async function listDataFiles(dataDir: string): Promise<DataFiles> {
  const folder = await realFolder(dataDir);
  if (folder === undefined) return { files: [], more: false };
  const files: { name: string; bytes: number }[] = [];
  const folders = [""];
  let looked = 0;
  for (let within = folders.shift(); within !== undefined; within = folders.shift()) {
    for (const entry of await entriesOf(join(folder, within), MOST_ENTRIES - looked)) {
      looked++;
      if (looked >= MOST_ENTRIES || files.length >= MOST_FILES) return { files: files.sort(byName), more: true };
      const name = join(within, entry.name);
      if (entry.name.startsWith(".") || RUN_ID.test(entry.name)) continue;
      if (entry.isDirectory() && name.split(sep).length < DEEPEST) folders.push(name);
      if (!ROWS.test(name) || !entry.isFile() && !entry.isSymbolicLink()) continue;
      if (await placeOf(folder, join(folder, name)) !== "inside") continue;
      files.push({ name: name.split(sep).join("/"), bytes: (await stat(join(folder, name))).size });
    }
  }
  return { files: files.sort(byName), more: false };
}

/** Returns at most `most` entries of a folder: it may have millions. */
async function entriesOf(path: string, most: number): Promise<Dirent[]> {
  const directory = await opendir(path).catch(() => undefined);
  const entries: Dirent[] = [];
  try {
    while (directory && entries.length < most) {
      const entry = await directory.read();
      if (!entry) break;
      entries.push(entry);
    }
  } finally {
    await directory?.close();
  }
  return entries;
}

function byName({ name: one }: { readonly name: string }, { name: other }: { readonly name: string }): number {
  return one < other ? -1 : 1;
}

/** Looks at the beginning of a file. Returns undefined if `dataDir` has no such file. Throws an InputError if it has no rows. */
export async function previewDataFile(dataDir: string, name: string): Promise<FilePreview | undefined> {
  const folder = await realFolder(dataDir);
  const path = folder === undefined ? undefined : await fileIn(dataDir, folder, name);
  if (path === undefined) return undefined;
  const preview: Preview = await previewRows(path).catch((error) => {
    throw error instanceof InputError ? named(error, path, name, "name") : error;
  });
  return { name, bytes: (await stat(path)).size, ...preview };
}

/** Returns `error` about the file at `path` with the name that the client knows, of the value `field`. */
export function named(error: InputError, path: string, name: string, field: string): InputError {
  const shown = (text: string) => text.replaceAll(path, name);
  return new InputError(error.problems.map(({ message }) => ({ field, message: shown(message) })), error.more);
}

/** Returns the real path of the data directory, or undefined if there is none. */
export async function realFolder(dataDir: string): Promise<string | undefined> {
  return dataDir === "" ? undefined : await realpath(dataDir).catch(() => undefined);
}

/**
 * Returns the path of `name` in `directory`, whose real path is `folder`. Returns undefined if it is no file in this folder,
 * also by `..` or by a link, or if one of the files `beside` it is outside.
 */
export async function fileIn(
  directory: string,
  folder: string,
  name: string,
  beside: readonly string[] = [],
): Promise<string | undefined> {
  if (name === "" || isAbsolute(name)) return undefined;
  const path = join(directory, name);
  if (await placeOf(folder, path) !== "inside") return undefined;
  for (const other of beside) {
    if (await placeOf(folder, join(dirname(path), other)) === "elsewhere") return undefined;
  }
  return path;
}

/** Returns whether `path` is a regular file in `folder`. */
async function placeOf(folder: string, path: string): Promise<"inside" | "elsewhere" | "nowhere"> {
  try {
    const real = await realpath(path);
    const within = relative(folder, real);
    if (within === "" || within === ".." || within.startsWith(`..${sep}`) || isAbsolute(within)) return "elsewhere";
    return (await stat(real)).isFile() ? "inside" : "elsewhere";
  } catch (error) {
    return errorCode(error) === "ENOENT" ? "nowhere" : "elsewhere";
  }
}
