/** Reads and writes the files of a run: whole or not at all, and checked against their schemas. */
import { randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { createGzip } from "node:zlib";
import type { z } from "zod";
import { expectation, shown } from "../../config/resolve.ts";
import { DamagedFile, errorCode } from "../../base/errors.ts";
import { type Shape, ShapeError } from "../../base/shapes.ts";
import { isMissingPermission } from "../../platform/permissions.ts";

/** Other users can never write to files of a run, whatever the umask is. The umask may also keep them from reading. */
export const FILE_MODE = 0o644;
export const FOLDER_MODE = 0o755;

/** Writes `content` to `path` whole or not at all. `content` may be several pieces in order. */
export async function writeWhole(path: string, content: Uint8Array | string | Iterable<Uint8Array>): Promise<void> {
  const isOne = typeof content === "string" || content instanceof Uint8Array;
  await writePieces(path, async (write) => {
    for (const piece of isOne ? [content] : content) await write(piece);
  });
}

/**
 * Writes the pieces that `produce` passes on to `path`, whole or not at all: to the file `temporary`, which is synced and
 * renamed, so that a crash leaves the old file or the new one. Compresses them if the path ends in `.gz`. Returns what
 * `produce` returns.
 */
export async function writePieces<Result>(
  path: string,
  produce: (write: (piece: Uint8Array | string) => Promise<void>) => Promise<Result>,
  temporary = temporaryFor(path),
): Promise<Result> {
  try {
    const file = await open(temporary, "w", FILE_MODE);
    const writer = /\.gz$/i.test(path) ? compressing(file) : plain(file);
    let result: Result;
    try {
      result = await produce(writer.write);
      await writer.end();
      await file.sync();
    } finally {
      writer.close();
      await file.close();
    }
    await rename(temporary, path);
    await syncDirectory(dirname(path));
    return result;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Writes pieces to a file. `end` resolves once all of them are written, and `close` ends the writing early. */
interface PieceWriter {
  readonly write: (piece: Uint8Array | string) => Promise<void>;
  readonly end: () => Promise<void>;
  readonly close: () => void;
}

function plain(file: FileHandle): PieceWriter {
  return { write: (piece) => file.writeFile(piece), end: () => Promise.resolve(), close: () => undefined };
}

/** Compresses the pieces as gzip, always to the same bytes. */
function compressing(file: FileHandle): PieceWriter {
  const gzip = createGzip();
  const written = (async () => {
    for await (const chunk of gzip) await file.writeFile(chunk);
  })();
  // The piece that waits when the file cannot be written, or the end, throws why.
  let refuse: (error: unknown) => void = () => undefined;
  written.catch((error: unknown) => refuse(error));
  return {
    write: (piece) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      refuse = reject;
      gzip.write(piece, (error) => error ? reject(error) : resolve());
      return promise;
    },
    async end() {
      gzip.end();
      await written;
    },
    close: () => void gzip.destroy(),
  };
}

/** Returns a new name beside `path`. */
export function temporaryFor(path: string): string {
  return `${path}.${randomBytes(4).toString("hex")}.tmp`;
}

/** Syncs a directory, so that a rename in it survives a power cut. Not every system can. */
async function syncDirectory(path: string): Promise<void> {
  let directory: FileHandle | undefined;
  try {
    directory = await open(path, "r");
    await directory.sync();
  } catch {
    // Windows cannot sync a directory; the file itself is written.
  } finally {
    await directory?.close();
  }
}

export function writeJson(path: string, value: unknown): Promise<void> {
  return writeWhole(path, jsonBytes(value));
}

/** Returns the content of a JSON file with `value`, also for its digest. Each list of numbers is on one line. */
export function jsonBytes(value: unknown): Uint8Array<ArrayBuffer> {
  const text = JSON.stringify(value, null, 2).replace(
    /\[\n\s+[-\d][^[\]{}"]*\]/g,
    (list) => list.replaceAll(/\n\s*/g, ""),
  );
  return new TextEncoder().encode(`${text}\n`);
}

/**
 * Reads a JSON file of a run, parsed by `schema`. Throws a DamagedFile that names the file, and the field if one is wrong.
 * Throws the system's error if the file is missing.
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

/** Parses `value`, the content of the file at `path`, by `schema`. Throws a DamagedFile that names file and field. */
export function checked<Value>(path: string, value: unknown, schema: z.ZodType<Value>): Value {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new DamagedFile(path, wrongField(value, parsed.error.issues[0]!));
}

/** Does the same by a shape, which calls the value `field`. */
export function checkedShape<Value>(path: string, value: unknown, shape: Shape<Value>, field: string): Value {
  try {
    return shape(value, field);
  } catch (error) {
    throw error instanceof ShapeError ? new DamagedFile(path, error.message) : error;
  }
}

/** Reads the bytes of a file. Throws a DamagedFile if `path` is no file, and the system's error if it is missing. */
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
 * Throws a DamagedFile if `path` is no regular file: another program may have put a device there, which never ends, or a
 * pipe, which never begins. Throws the system's error if it is missing.
 */
export async function checkFile(path: string): Promise<void> {
  const found = await stat(path).catch((error) => {
    throw errorCode(error) === "ELOOP" ? new DamagedFile(path, "its links lead in a circle", { cause: error }) : error;
  });
  if (found.isFile()) return;
  throw new DamagedFile(path, found.isDirectory() ? "it is a directory" : "it is no regular file");
}

/**
 * Says why no file may be written at `path`; undefined if one may. With `force` it may replace a regular file, and never a
 * device or a pipe, which would become a file for all programs.
 */
export async function obstacleAt(path: string, force: boolean): Promise<string | undefined> {
  const found = await unlessMissing(() => stat(path));
  if (!found || force && found.isFile()) return undefined;
  if (found.isFile()) return "it exists";
  return found.isDirectory() ? "it is a folder" : "it is no regular file";
}

/** Describes the first fault of `value`: the field, its value and what was expected. */
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

/** Returns the result of `read`, or undefined if its path is missing. */
export async function unlessMissing<Value>(read: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Returns whether a path is missing, or a file is where its path needs a folder. */
export function isMissing(error: unknown): boolean {
  return errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR";
}

/** Tells whether this process may not write where it tried to. */
export function cannotWrite(error: unknown): boolean {
  return isMissingPermission(error) || ["EACCES", "EPERM", "EROFS"].includes(errorCode(error) ?? "");
}
