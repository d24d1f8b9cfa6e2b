/**
 * Reads vectors as text, one word a line: those of word2vec and fastText, whose first line has the number of words and the
 * width, and those of GloVe, without that line. Files have gigabytes, so bytes are parsed in place, as a stream.
 */
import { Buffer } from "node:buffer";
import { counted } from "../../base/counted.ts";
import { shortJson } from "../../base/printable.ts";
import { openBytes } from "../../formats/bytes.ts";
import { refuseBinary } from "../../formats/text.ts";
import type { OfferVector } from "./collect.ts";
import { parseNumber } from "./parse_number.ts";
import { cannotUse, MOST_WIDTH } from "./refusal.ts";

/** Limits a line, in bytes: a word and the values of the widest vector, each written with up to 30 characters. */
const LONGEST_LINE = 1 << 16;

const [LINE_FEED, SPACE] = [10, 32];

/**
 * Reads the file at `path`, which may be compressed by gzip. `begin` receives the width and returns the function that
 * receives the words. Throws an InputError that names the line and the value if the file is damaged, has a line of another
 * width or a value that is not finite in float32, or has not as many words as its first line says.
 */
export async function readTextVectors(path: string, begin: (width: number) => OfferVector): Promise<void> {
  const source = await openBytes(path);
  refuseBinary(source, "lines of a word and its values");
  const lines = new VectorLines(path, begin);
  let rest = new Uint8Array(0);
  for await (const chunk of source.chunks()) {
    const end = chunk.lastIndexOf(LINE_FEED) + 1;
    if (end > 0) {
      lines.read(rest.length > 0 ? Buffer.concat([rest, chunk.subarray(0, end)]) : chunk.subarray(0, end));
      rest = Uint8Array.from(chunk.subarray(end));
    } else {
      rest = Uint8Array.from(Buffer.concat([rest, chunk]));
    }
    if (rest.length > LONGEST_LINE) throw lines.tooLong();
  }
  if (rest.length > 0) lines.read(Buffer.concat([rest, Uint8Array.of(LINE_FEED)]));
  lines.end();
}

class VectorLines {
  readonly #path: string;
  readonly #begin: (width: number) => OfferVector;
  /** Number of the line that is read, from 1. */
  #line = 0;
  /** Words so far, and those that the first line promises. */
  #words = 0;
  #promised: number | undefined;
  #vector = new Float32Array(0);
  readonly #read = () => this.#vector;
  #offer: OfferVector | undefined;

  constructor(path: string, begin: (width: number) => OfferVector) {
    this.#path = path;
    this.#begin = begin;
  }

  /** Reads whole lines, each with its line feed. */
  read(bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length;) {
      let end = bytes.indexOf(LINE_FEED, start);
      const next = end + 1;
      if (end - start > LONGEST_LINE) throw this.tooLong();
      this.#line++;
      while (end > start && isBlank(bytes[end - 1]!)) end--;
      if (this.#line === 1 && bytes[0] === 0xEF && bytes[1] === 0xBB && bytes[2] === 0xBF) start = 3;
      if (end > start && !(this.#line === 1 && this.#takeHeader(bytes, start, end))) this.#take(bytes, start, end);
      start = next;
    }
  }

  end(): void {
    if (this.#words === 0) throw cannotUse(this.#path, "it has no words");
    if (this.#promised !== undefined && this.#words < this.#promised) {
      const has = counted(this.#words, "word");
      throw cannotUse(this.#path, `it has ${has}, expected ${this.#promised}, as line 1 says. Is it cut off?`);
    }
  }

  /** Creates the error for a line that is longer than any vector. */
  tooLong() {
    return cannotUse(
      this.#path,
      `line ${this.#line + 1} has more than ${LONGEST_LINE} bytes, expected a word and its values`,
    );
  }

  /** Takes the first line if it has two whole numbers: the number of words and the width. */
  #takeHeader(bytes: Uint8Array, start: number, end: number): boolean {
    const [, words, width] = /^(\d+)[ \t]+(\d+)$/.exec(textOf(bytes, start, end)) ?? [];
    if (words === undefined) return false;
    this.#promised = Number(words);
    this.#open(Number(width));
    return true;
  }

  #open(width: number): OfferVector {
    if (width < 1 || width > MOST_WIDTH) {
      const why = `line 1 gives vectors of ${counted(width, "value")}, expected 1 to ${MOST_WIDTH}`;
      throw cannotUse(this.#path, why);
    }
    this.#vector = new Float32Array(width);
    return this.#offer = this.#begin(width);
  }

  /** Reads one line, without blanks at its end. */
  #take(bytes: Uint8Array, start: number, end: number): void {
    const offer = this.#offer ?? this.#open(fieldsOf(bytes, start, end) - 1);
    const vector = this.#vector;
    const width = vector.length;
    let at = start;
    while (at < end && !isBlank(bytes[at]!)) at++;
    let wordEnd = at;
    let values = 0;
    while (at < end && values < width) {
      while (isBlank(bytes[at]!)) at++;
      const from = at;
      while (at < end && !isBlank(bytes[at]!)) at++;
      vector[values++] = parseNumber(bytes, from, at);
    }
    // A word with blanks in it, as GloVe's largest files have, ends before the last `width` values.
    if (at < end) wordEnd = this.#wordWithBlanks(bytes, start, end);
    else if (values < width) throw this.#refuse(`has ${counted(values, "value")}, expected ${this.#wanted()}`);
    if (wordEnd === start) throw this.#refuse("begins with a blank, expected a word");
    for (let i = 0; i < width; i++) if (!Number.isFinite(vector[i]!)) throw this.#wrongValue(bytes, wordEnd, end, i);
    if (this.#promised !== undefined && this.#words === this.#promised) {
      throw this.#refuse(`is one more word than the ${this.#promised} that line 1 says`);
    }
    this.#words++;
    offer(textOf(bytes, start, wordEnd), this.#read);
  }

  /** Reads the last values of a line with more fields into the vector, and returns where its word ends. */
  #wordWithBlanks(bytes: Uint8Array, start: number, end: number): number {
    const width = this.#vector.length;
    let at = end;
    const field = () => {
      const last = at;
      while (at > start && !isBlank(bytes[at - 1]!)) at--;
      const number = parseNumber(bytes, at, last);
      while (at > start && isBlank(bytes[at - 1]!)) at--;
      return number;
    };
    for (let value = width - 1; value >= 0; value--) this.#vector[value] = field();
    const wordEnd = at;
    if (Number.isFinite(field())) {
      throw this.#refuse(`has ${counted(fieldsOf(bytes, start, end) - 1, "value")}, expected ${this.#wanted()}`);
    }
    return wordEnd;
  }

  #wanted(): string {
    return this.#promised === undefined
      ? `${this.#vector.length}, as line 1 has`
      : `${this.#vector.length}, as line 1 says`;
  }

  #wrongValue(bytes: Uint8Array, wordEnd: number, end: number, index: number) {
    const field = textOf(bytes, wordEnd, end).trim().split(/[ \t]+/)[index] ?? "";
    return this.#refuse(`has ${shortJson(field)} as value ${index + 1}, expected a finite number`);
  }

  #refuse(why: string) {
    return cannotUse(this.#path, `line ${this.#line} ${why}`);
  }
}

/** Tells spaces, tabs and other control characters, which separate fields. */
function isBlank(byte: number): boolean {
  return byte <= SPACE;
}

/** Counts the fields between blanks. */
function fieldsOf(bytes: Uint8Array, start: number, end: number): number {
  let fields = 0;
  for (let i = start; i < end; i++) if (!isBlank(bytes[i]!) && (i === start || isBlank(bytes[i - 1]!))) fields++;
  return fields;
}

/** Decodes UTF-8; bytes that are not become U+FFFD. */
function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8");
}
