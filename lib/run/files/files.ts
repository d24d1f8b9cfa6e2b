/** File access: all of a run's reading and writing of files goes through here. */
import { randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { z } from "zod";
import { expectation, shown } from "../../config/resolve.ts";
import { DamagedFile } from "../../base/errors.ts";

/** Others never write to what a run wrote, whatever the umask is; it may keep them from reading. */
export const FILE_MODE = 0o644;
export const FOLDER_MODE = 0o755;

/**
 * Writes `content` to `path` as a whole or not at all: written aside, synced and renamed, so that a crash leaves the
 * old file or the new one. `content` may be pieces that are written one after the other.
 */
export async function writeWhole(path: string, content: Uint8Array | string | Iterable<Uint8Array>): Promise<void> {
  const aside = `${path}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    const file = await open(aside, "w", FILE_MODE);
    try {
      const isOne = typeof content === "string" || content instanceof Uint8Array;
      for (const piece of isOne ? [content] : content) await file.writeFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}

/** A rename is only sure to survive a power cut once its directory is synced; not every system can. */
async function syncDirectory(path: string): Promise<void> {
  let directory: FileHandle | undefined;
  try {
    directory = await open(path, "r");
    await directory.sync();
  } catch {
    // Windows has no such thing, and the file itself is written.
  } finally {
    await directory?.close();
  }
}

export function writeJson(path: string, value: unknown): Promise<void> {
  return writeWhole(path, jsonBytes(value));
}

/** What a JSON file with `value` holds: for whoever names it by its digest. */
export function jsonBytes(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}

/**
 * The content of a JSON file, parsed by `schema`: the one way to read such a file of a run. Throws a DamagedFile that
 * names the file, and the field if one is wrong; that there is no file is passed on as the system says it.
 */
export async function readJson<Value>(path: string, schema: z.ZodType<Value>): Promise<Value> {
  const text = new TextDecoder().decode(await readBytes(path));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DamagedFile(path, "it is not JSON", { cause });
  }
  return checked(path, value, schema);
}

/** The content `value` of the file at `path`, parsed by `schema`. Throws a DamagedFile that names file and field. */
export function checked<Value>(path: string, value: unknown, schema: z.ZodType<Value>): Value {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new DamagedFile(path, wrongField(value, parsed.error.issues[0]!));
}

/** The bytes of a file. Throws a DamagedFile where `path` is no file; that there is nothing is passed on. */
export async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  await checkFile(path);
  return Uint8Array.from(await readFile(path));
}

/** Opens a file for reading, as `readBytes` does. */
export async function openFile(path: string): Promise<FileHandle> {
  await checkFile(path);
  return await open(path, "r");
}

/**
 * Throws a DamagedFile where `path` is no regular file: whoever made the directory may have put a device there, which has
 * no end, or a pipe, which never begins. That there is nothing is passed on.
 */
export async function checkFile(path: string): Promise<void> {
  const found = await stat(path).catch((error) => {
    throw errorCode(error) === "ELOOP" ? new DamagedFile(path, "its links lead in a circle", { cause: error }) : error;
  });
  if (found.isFile()) return;
  throw new DamagedFile(path, found.isDirectory() ? "it is a directory" : "it is no regular file");
}

/** The first thing that is wrong with `value`: where, what is there and what was expected. */
function wrongField(value: unknown, issue: z.core.$ZodIssue): string {
  const at = (value: unknown, key: PropertyKey) => value instanceof Object ? Reflect.get(value, key) : undefined;
  const found = issue.path.reduce(at, value);
  const field = issue.path.length === 0 ? "it" : issue.path.map(String).join(".");
  if (issue.code !== "unrecognized_keys") return `${field} is ${shown(found)}: ${expectation(issue)}`;
  const keys = issue.keys.map((key) => `"${key}"`).join(", ");
  return `${field} has ${keys}, which this version does not know: a newer one may have written it`;
}

/** Makes a directory that must not exist yet. Returns false if it does. */
export async function makeDirectory(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: FOLDER_MODE });
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** The system's name for what went wrong, such as `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** Whether there is nothing at a path, or what should be a folder on the way to it is a file. */
export function isMissing(error: unknown): boolean {
  return errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR";
}
