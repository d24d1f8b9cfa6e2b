/** The bytes of a source, digested on their way, and what they are by their first ones. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stdin } from "node:process";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { errorMessage, InputError } from "../../base/errors.ts";

/** Bytes of a file that are read at once. */
const CHUNK_BYTES = 1 << 20;

/** Bytes that are unpacked at once. */
const UNPACKED_BYTES = 1 << 18;

/** What one byte has to be to count as text: no control character but tab, line feed, form feed, return and escape. */
const isControl = (byte: number) => byte < 32 && !(byte >= 9 && byte <= 13) && byte !== 27;

/** SHA-256 and length of all bytes that were read, before any decompression. */
export interface SourceDigest {
  readonly sha256: string;
  readonly bytes: number;
}

/** What cannot be read, by the code of the system's error. */
const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EISDIR: "it is a folder, expected a file of rows, or several by their names",
  EACCES: "this user may not read it",
};

/**
 * The bytes of `source`, a path or `-` for standard input. `onEnd` is told their digest after the last of them.
 * Throws an InputError if the source cannot be read.
 */
export async function* readBytes(
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
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw refusal(source, `cannot be read: ${UNREADABLE[code] ?? errorMessage(error)}`);
  }
  onEnd({ sha256: hash.digest("hex"), bytes });
}

/** `bytes` as they are, or what gzip made of them where they begin as gzip's do: all members, and zeros after them. */
export async function* gunzipped(
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
  let read = 0;
  /** Where the last byte that is not zero ends. */
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
  if (first[0] !== 0x1F || first[1] !== 0x8B) {
    yield first;
    return yield* bytes;
  }
  const gunzip = createGunzip({ chunkSize: UNPACKED_BYTES });
  // An error on the way in comes out of the stream.
  pipeline(all, gunzip, () => {});
  const failure = (what: string) => refusal(source, `cannot be decompressed as gzip: ${what}`);
  const more = "something else follows it, which gzip -dc would leave out";
  try {
    yield* gunzip as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (error instanceof InputError) throw error;
    const message = errorMessage(error);
    // The first header was right, as far as it was looked at.
    throw failure(message === "incorrect header check" ? `${message}; it is damaged, or ${more}` : message);
  }
  // Where zeros follow, unpacking may end before the source was read to its own end.
  for (let rest = await bytes.next(); !rest.done; rest = await bytes.next()) seen(rest.value);
  if (gunzip.bytesWritten < end) throw failure(more);
}

/**
 * Throws an InputError if the first bytes of `source` are not those of UTF-8 text, saying what to do. Of `few` bytes, such
 * as a first line, only signatures say so: odd ones may be what the line holds.
 */
export function refuseOtherThanText(source: string, head: Uint8Array, few = false): void {
  const encoding = wideEncoding(few ? head.subarray(0, 4) : head);
  if (encoding) {
    const output = source === "-" ? "" : ` ${source}`;
    throw refusal(source, `is ${encoding}, expected UTF-8: convert it with iconv -f ${encoding} -t UTF-8${output}`);
  }
  const kind = MAGIC.find(([bytes]) => Buffer.from(head.subarray(0, bytes.length)).toString("latin1") === bytes)?.[1];
  if (kind) throw refusal(source, `is ${kind}, expected text: CSV, TSV, JSON lines or fastText lines`);
  let controls = 0;
  for (const byte of head) if (isControl(byte)) controls++;
  // Some stray NULs are the problem of their rows; many mean that this is no text at all.
  if (!few && controls > 0.1 * head.length) throw refusal(source, "is binary, expected text in UTF-8");
}

const MAGIC: readonly (readonly [string, string])[] = [
  ["PK\x03\x04", "a ZIP archive (or a spreadsheet)"],
  ["PAR1", "a Parquet file"],
  ["%PDF", "a PDF"],
  ["SQLite format 3", "an SQLite database"],
  ["\x7FELF", "a program"],
  ["\x89PNG", "a picture"],
  ["BZh", "compressed with bzip2"],
  ["\xFD7zXZ", "compressed with xz"],
  ["\x28\xB5\x2F\xFD", "compressed with zstd"],
];

/** The encoding that is not UTF-8 by a byte order mark, or by where the zeros of Latin text are. */
function wideEncoding(head: Uint8Array): string | undefined {
  const [a, b, c, d] = head;
  if (a === 0xFF && b === 0xFE) return c === 0 && d === 0 ? "UTF-32LE" : "UTF-16LE";
  if (a === 0xFE && b === 0xFF) return "UTF-16BE";
  if (a === 0 && b === 0 && c === 0xFE && d === 0xFF) return "UTF-32BE";
  const zeros: [number, number] = [0, 0];
  for (let i = 0; i < head.length; i++) if (head[i] === 0) zeros[i % 2 as 0 | 1]++;
  const pairs = head.length / 2;
  if (pairs < 4) return undefined;
  if (zeros[1] > 0.6 * pairs && zeros[0] < 0.1 * pairs) return "UTF-16LE";
  if (zeros[0] > 0.6 * pairs && zeros[1] < 0.1 * pairs) return "UTF-16BE";
  return undefined;
}

export function refusal(source: string, what: string): InputError {
  const name = sourceName(source);
  return new InputError([{ field: name, message: `${name} ${what}` }]);
}

/** What to call `source` in a message. */
export function sourceName(source: string): string {
  return source === "-" ? "standard input" : source;
}
