/** Follows a file that grows, as `tail -F` does: also when it is rotated or truncated. */
import { type FileHandle, open, stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { errorCode, InputError } from "../base/errors.ts";
import { cannotOpen, cannotRead } from "./bytes.ts";

/** Bytes that are read ahead of the reader. */
const CHUNK_BYTES = 1 << 16;

/** Pause between two looks at a file that has not grown. */
const PAUSE_MS = 100;

const LINE_FEED = 10;

/**
 * Reads the file at `path` from its beginning and then what is appended to it, until `signal` aborts. When the file is
 * truncated, or another one takes its name, the last line of the old contents ends there, and reading continues at the
 * beginning of the new ones. Throws an InputError if there is no such file at first; later it may be missing for a while. Calls
 * `onOther` when all of the earlier contents was used.
 */
export async function* followFile(
  path: string,
  signal?: AbortSignal,
  onOther: () => void | Promise<void> = () => {},
): AsyncGenerator<Uint8Array, void, void> {
  let file = await openFirst(path);
  try {
    let position = 0;
    let isWholeLine = true;
    while (!signal?.aborted) {
      // As the name is looked up first, all that was written to a file before it lost its name is read.
      const isRotated = !await hasName(file, path);
      const chunk = await readAt(file, position);
      if (chunk.length > 0) {
        position += chunk.length;
        isWholeLine = chunk.at(-1) === LINE_FEED;
        yield chunk;
        continue;
      }
      const next = isRotated ? await open(path).catch(unlessMissing) : undefined;
      if (next) {
        await file.close();
        file = next;
      } else if ((await file.stat()).size >= position) {
        await delay(PAUSE_MS, undefined, { signal }).catch(() => {});
        continue;
      }
      position = 0;
      if (!isWholeLine) yield Uint8Array.of(LINE_FEED);
      isWholeLine = true;
      await onOther();
    }
  } finally {
    await file.close();
  }
}

async function openFirst(path: string): Promise<FileHandle> {
  try {
    if (!(await stat(path)).isFile()) throw cannotRead(path, "it is no regular file: pass a pipe on to standard input");
    return await open(path);
  } catch (error) {
    throw error instanceof InputError ? error : cannotOpen(path, error);
  }
}

/** Tells whether `file` is the one that `path` names; true if it names none. */
async function hasName(file: FileHandle, path: string): Promise<boolean> {
  // These numbers may exceed those of JavaScript.
  const [own, named] = await Promise.all([
    file.stat({ bigint: true }),
    stat(path, { bigint: true }).catch(unlessMissing),
  ]);
  return named === undefined || (own.dev === named.dev && own.ino === named.ino);
}

async function readAt(file: FileHandle, position: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(CHUNK_BYTES);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, position);
  return bytes.subarray(0, bytesRead);
}

function unlessMissing(error: unknown): undefined {
  if (errorCode(error) !== "ENOENT") throw error;
}
