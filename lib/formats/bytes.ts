/** Reads the bytes of a source: computes their digest, and unpacks gzip. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { stdin } from "node:process";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { errorCode, errorMessage, InputError, inputError } from "../base/errors.ts";

/** Bytes of a file that are read at once. */
const CHUNK_BYTES = 1 << 20;

/** Bytes that are unpacked at once. */
const UNPACKED_BYTES = 1 << 18;

/** Bytes from which a format is recognized. */
export const HEAD_BYTES = 1 << 16;

const LINE_FEED = 10;

/** SHA-256 and length of all bytes of a source, before any decompression. */
export interface SourceDigest {
  readonly sha256: string;
  readonly bytes: number;
}

/** The unpacked bytes of a source, which can be read once. */
export interface ByteSource {
  /** The source as the user named it: a path, or `-` for standard input. */
  readonly name: string;
  /** The first bytes: all of a short source, otherwise at least 64 KiB, or only those with the first line. */
  readonly head: Uint8Array;
  /** Tells whether the head is the whole source. */
  readonly headIsAll: boolean;
  /** Says how much `openBytes` waited for. */
  readonly wait: Wait;
  /** Reads all bytes, with the head. */
  readonly chunks: () => AsyncGenerator<Uint8Array, void, void>;
  /** Returns the digest of the raw bytes; undefined until all chunks were read. */
  readonly digest: () => SourceDigest | undefined;
}

/** `line` is for a source that sends a line only after the answer to the one before. */
export type Wait = "head" | "line";

/**
 * Opens `name`, a path or `-` for standard input, and waits for its head or its first line. Throws an InputError if it
 * cannot be read.
 */
export async function openBytes(
  name: string,
  input?: AsyncIterable<Uint8Array>,
  wait: Wait = "head",
): Promise<ByteSource> {
  let digest: SourceDigest | undefined;
  const bytes = gunzipped(name, readBytes(name, (all) => digest = all, input));
  const first: Uint8Array[] = [];
  let size = 0;
  let ended = false;
  while (size < HEAD_BYTES && !ended) {
    const next = await bytes.next();
    if (next.done) ended = true;
    else {
      first.push(next.value);
      size += next.value.length;
      if (wait === "line" && next.value.includes(LINE_FEED)) break;
    }
  }
  const head = first.length === 1 ? first[0]! : Buffer.concat(first);
  async function* chunks(): AsyncGenerator<Uint8Array, void, void> {
    if (head.length > 0) yield head;
    yield* bytes;
  }
  return { name, head, headIsAll: ended, wait, chunks, digest: () => digest };
}

/** Most bytes of a file that `openBeginning` reads. */
const BEGINNING_BYTES = 1 << 18;

/** Opens only the beginning of the file at `path`, as a source that may end within a row. */
export async function openBeginning(path: string): Promise<ByteSource> {
  const bytes = Buffer.alloc(BEGINNING_BYTES);
  const file = await open(path).catch((error: unknown) => {
    throw cannotOpen(path, error);
  });
  let size = 0;
  try {
    for (let read = -1; read !== 0 && size < bytes.length; size += read) {
      read = (await file.read(bytes, size, bytes.length - size)).bytesRead;
    }
  } finally {
    await file.close();
  }
  async function* beginning(): AsyncGenerator<Uint8Array, void, void> {
    if (size > 0) yield await Promise.resolve(bytes.subarray(0, size));
  }
  return { ...await openBytes("-", beginning()), name: path };
}

/** Explains errors of the system by their code. */
const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EISDIR: "it is a folder, expected a file of rows, or several by name",
  EACCES: "this user may not read it",
};

/**
 * Reads the bytes of `source`, a path or `-` for standard input, and calls `onEnd` with their digest after the last.
 * Throws an InputError if the source cannot be read.
 */
async function* readBytes(
  source: string,
  onEnd: (digest: SourceDigest) => void,
  input: AsyncIterable<Uint8Array> = stdin,
): AsyncGenerator<Uint8Array, void, void> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    const chunks: AsyncIterable<Uint8Array> = source === "-"
      ? input
      : createReadStream(source, { highWaterMark: CHUNK_BYTES });
    for await (const chunk of chunks) {
      hash.update(chunk);
      bytes += chunk.length;
      if (chunk.length > 0) yield chunk;
    }
  } catch (error) {
    throw error instanceof InputError ? error : cannotOpen(source, error);
  }
  onEnd({ sha256: hash.digest("hex"), bytes });
}

/** Unpacks `bytes` if they begin like gzip: all its members, and zeros after them. Other bytes pass unchanged. */
async function* gunzipped(
  source: string,
  bytes: AsyncGenerator<Uint8Array, void, void>,
): AsyncGenerator<Uint8Array, void, void> {
  const next = await bytes.next();
  if (next.done) return;
  let first: Uint8Array = next.value;
  if (first.length === 1) {
    const { value } = await bytes.next();
    if (value) first = Buffer.concat([first, value]);
  }
  if (first[0] !== 0x1F || first[1] !== 0x8B) {
    yield first;
    return yield* bytes;
  }
  let read = 0;
  /** End of the last byte that is not zero. */
  let end = 0;
  const seen = (chunk: Uint8Array) => {
    const last = chunk.findLastIndex((byte) => byte !== 0);
    if (last >= 0) end = read + last + 1;
    read += chunk.length;
    return chunk;
  };
  const all = (async function* () {
    for (let chunk: Uint8Array | void = first; chunk; chunk = (await bytes.next()).value) yield seen(chunk);
  })();
  const gunzip = createGunzip({ chunkSize: UNPACKED_BYTES });
  // Errors of the input are thrown by the stream that it goes into.
  pipeline(all, gunzip, () => {});
  const failure = (why: string) => cannotRead(source, `it cannot be decompressed as gzip: ${why}`);
  const more = "something else follows it, which gzip -dc would ignore";
  try {
    yield* gunzip as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (error instanceof InputError) throw error;
    const message = errorMessage(error);
    // The first bytes of the header were right, so a wrong header may be that of other data after the gzip.
    throw failure(message === "incorrect header check" ? `${message}; it is damaged, or ${more}` : message);
  }
  // If zeros follow, unpacking may end before the source was read to its own end.
  for (let rest = await bytes.next(); !rest.done; rest = await bytes.next()) seen(rest.value);
  if (gunzip.bytesWritten < end) throw failure(more);
}

/** Creates the error that refuses a whole source: `Cannot read "tickets.csv": it is empty, expected rows`. */
export function cannotRead(source: string, why: string): InputError {
  return inputError(sourceName(source), `Cannot read ${quotedSource(source)}: ${why}`);
}

/** The same for an error of the system. */
export function cannotOpen(source: string, error: unknown): InputError {
  return cannotRead(source, UNREADABLE[errorCode(error) ?? ""] ?? errorMessage(error));
}

/** Returns the name of `source` for a place such as `tickets.csv:18`. */
export function sourceName(source: string): string {
  return source === "-" ? "standard input" : source;
}

/** Returns the name of `source` within a sentence: `"tickets.csv"`, or standard input. */
export function quotedSource(source: string): string {
  return source === "-" ? sourceName(source) : JSON.stringify(source);
}
