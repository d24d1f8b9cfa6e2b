/** A source as UTF-8 text: a head to recognise its format by, and then all of it in chunks. */
import { gunzipped, readBytes, refuseOtherThanText, type SourceDigest } from "./bytes.ts";

/** Bytes by which a format is recognised. */
const HEAD_BYTES = 1 << 16;

const LINE_FEED = 10;

/** Ctrl-Z, with which some programs end a text; before more ends of lines than these it is a character as any other. */
const END_OF_FILE = new RegExp(`${String.fromCharCode(26)}[\\r\\n]{0,1000}$`);

/** A text that is read once. */
export interface TextSource {
  /** The source as it was named. */
  readonly name: string;
  /** How the text begins: all of it where it is short, else at least 64 KiB, or only the first line where that is wanted. */
  readonly head: string;
  /** Whether the head is all there is. */
  readonly headIsAll: boolean;
  /** All of the text, the head included, without a byte order mark. */
  readonly chunks: () => AsyncGenerator<string, void, void>;
  /** Whether bytes that are not UTF-8 were met so far; each is U+FFFD in the text. */
  readonly damaged: () => boolean;
  /** Digest of the raw bytes; undefined until all chunks were read. */
  readonly digest: () => SourceDigest | undefined;
}

/**
 * Opens `name`, a path or `-` for standard input; gzip is unpacked. `wait` says how much of it has to be there. Throws an
 * InputError if it cannot be read, or does not begin as UTF-8 text does.
 */
export async function openText(
  name: string,
  input?: AsyncIterable<Uint8Array>,
  wait: "head" | "line" = "head",
): Promise<TextSource> {
  let digest: SourceDigest | undefined;
  let damaged = false;
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
  const start = joined(first, size);
  refuseOtherThanText(name, start.subarray(0, HEAD_BYTES), wait === "line");
  const decode = decoder(() => damaged = true);
  const decoded = decode(start, ended).replace(/^\uFEFF/, "");
  const isFile = wait === "head";
  const head = ended && isFile ? decoded.replace(END_OF_FILE, "") : decoded;

  async function* chunks(): AsyncGenerator<string, void, void> {
    if (ended) return yield head;
    /** What is dropped if nothing follows it. */
    let end = "";
    const withoutEnd = (text: string) => {
      // Who waits for the answer to a line sends nothing else before it.
      if (!isFile) return text;
      const all = end + text;
      const at = all.search(END_OF_FILE);
      end = at < 0 ? "" : all.slice(at);
      return at < 0 ? all : all.slice(0, at);
    };
    yield withoutEnd(head);
    for await (const chunk of bytes) yield withoutEnd(decode(chunk, false));
    yield withoutEnd(decode(new Uint8Array(0), true));
  }
  return { name, head, headIsAll: ended, chunks, damaged: () => damaged, digest: () => digest };
}

/** Decodes UTF-8 piece by piece. Bytes that are none become U+FFFD, and `onDamage` hears of them. */
function decoder(onDamage: () => void): (bytes: Uint8Array, last: boolean) => string {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
  let rest = new Uint8Array(0);
  return (bytes, last) => {
    const all = rest.length > 0 ? joined([rest, bytes], rest.length + bytes.length) : bytes;
    const whole = last ? all.length : wholeLength(all);
    rest = all.slice(whole);
    const piece = all.subarray(0, whole);
    try {
      return strict.decode(piece);
    } catch {
      onDamage();
      return lenient.decode(piece);
    }
  };
}

/** Bytes up to the beginning of a last character that is not all there. */
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

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
