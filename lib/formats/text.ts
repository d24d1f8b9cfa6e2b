/** Reads a source as UTF-8 text: first its head, then all of it in chunks. Refuses sources that are not text. */
import { Buffer } from "node:buffer";
import { type ByteSource, cannotRead, HEAD_BYTES, type SourceDigest } from "./bytes.ts";

/** Matches a Ctrl-Z, with which some programs end a text. Before more line ends than these it is an ordinary character. */
const END_OF_FILE = new RegExp(`${String.fromCharCode(26)}[\\r\\n]{0,1000}$`);

/** A text that can be read once. */
export interface TextSource {
  /** The source as the user named it. */
  readonly name: string;
  /** The beginning of the text: all of a short text, otherwise at least 64 KiB, or only the first line. */
  readonly head: string;
  /** Tells whether the head is the whole text. */
  readonly headIsAll: boolean;
  /** Tells whether the source begins with a byte order mark. */
  readonly hasMark: boolean;
  /** Reads all of the text, with the head, without a byte order mark. */
  readonly chunks: () => AsyncGenerator<string, void, void>;
  /** Tells whether bytes were read that are not UTF-8; each is U+FFFD in the text. */
  readonly damaged: () => boolean;
  /** Returns the digest of the raw bytes; undefined until all chunks were read. */
  readonly digest: () => SourceDigest | undefined;
}

/** Decodes the bytes of a source. */
export function textSource(source: ByteSource): TextSource {
  const { name, headIsAll, digest } = source;
  let damaged = false;
  const decoder = () => createDecoder(() => damaged = true);
  const isFile = source.wait === "head";
  const raw = decoder()(source.head, headIsAll);
  const decoded = withoutMark(raw);
  const head = headIsAll && isFile ? decoded.replace(END_OF_FILE, "") : decoded;

  async function* chunks(): AsyncGenerator<string, void, void> {
    const decode = decoder();
    let isStart = true;
    /** Text that is dropped if nothing follows it. */
    let end = "";
    const finished = (decoded: string) => {
      const text = isStart ? withoutMark(decoded) : decoded;
      if (decoded !== "") isStart = false;
      // A client that waits for the answer to a line sends nothing else before it, so no text is held back.
      if (!isFile) return text;
      const all = end + text;
      const at = all.search(END_OF_FILE);
      end = at < 0 ? "" : all.slice(at);
      return at < 0 ? all : all.slice(0, at);
    };
    for await (const chunk of source.chunks()) yield finished(decode(chunk, false));
    yield finished(decode(new Uint8Array(0), true));
  }
  return { name, head, headIsAll, hasMark: raw !== decoded, chunks, damaged: () => damaged, digest };
}

function withoutMark(text: string): string {
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}

/** Decodes UTF-8 in pieces. Invalid bytes become U+FFFD, and `onDamage` is called. */
function createDecoder(onDamage: () => void): (bytes: Uint8Array, last: boolean) => string {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
  let rest = new Uint8Array(0);
  return (bytes, last) => {
    const all = rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes;
    const whole = last ? all.length : wholeLength(all);
    rest = Uint8Array.from(all.subarray(whole));
    const piece = all.subarray(0, whole);
    try {
      return strict.decode(piece);
    } catch {
      onDamage();
      return lenient.decode(piece);
    }
  };
}

/** Returns the number of bytes before a last character that is incomplete. */
function wholeLength(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) break;
    if (byte < 0xC0) continue;
    const needed = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
    return needed > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** Tells control characters that no text has: all but tab, line feed, form feed, return and escape. */
const isControl = (byte: number) => byte < 32 && !(byte >= 9 && byte <= 13) && byte !== 27;

/** Signatures of files that are not text, and their names. */
const SIGNATURES: readonly (readonly [string, string])[] = [
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

/**
 * Throws an InputError with advice if `source` does not begin like UTF-8 text. Of a first line only signatures are
 * checked, because it has too few characters to count them.
 */
export function refuseBinary({ name, head: all, wait }: ByteSource, expected: string): void {
  const head = all.subarray(0, HEAD_BYTES);
  const isLine = wait === "line";
  const encoding = wideEncoding(isLine ? head.subarray(0, 4) : head);
  if (encoding) {
    const file = name === "-" ? "" : ` ${name}`;
    throw cannotRead(name, `it is ${encoding}, expected UTF-8. Convert it with iconv -f ${encoding} -t UTF-8${file}`);
  }
  const start = Buffer.from(head.subarray(0, 16)).toString("latin1");
  const kind = SIGNATURES.find(([bytes]) => start.startsWith(bytes))?.[1];
  if (kind) throw cannotRead(name, `it is ${kind}, expected ${expected}`);
  let controls = 0;
  for (const byte of head) if (isControl(byte)) controls++;
  // A few NUL bytes only make bad rows; many mean that the file is not text.
  if (!isLine && controls > 0.1 * head.length) throw cannotRead(name, "it is binary, expected text in UTF-8");
}

/** Recognizes UTF-16 and UTF-32 from a byte order mark, or from the positions of zeros in Latin text. */
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
