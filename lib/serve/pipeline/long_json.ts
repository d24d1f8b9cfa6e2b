/** Parses a long JSON text in turns, so that one body does not delay other requests. */
import { type InputError, inputError } from "../../base/errors.ts";
import { inTurns } from "../../base/turns.ts";
import { WrittenNumber } from "../../formats/json_digits.ts";

/** Deeper lists and objects are refused: no request needs them. */
const MOST_DEPTH = 64;
/** Lists, objects, keys and texts. What reads the value afterwards takes much longer for them than for numbers. */
const MOST_PARTS = 20_000;
const MOST_KEYS = 4096;
/** Values that are parsed between two looks at the clock. */
const VALUES_OF_A_PIECE = 256;

const SPACE = /[ \t\n\r]*/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const LITERALS: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null };

/**
 * Returns what `JSON.parse(text)` returns. With `digits`, numbers that are not written as JavaScript writes them are
 * WrittenNumbers. Throws a SyntaxError for a text that is not JSON, an InputError for one with too many parts.
 */
export async function parseInTurns(text: string, digits: boolean): Promise<unknown> {
  const parser = new Parser(text, digits);
  await inTurns(parser.pieces());
  return parser.value;
}

/** A list or object that is not closed yet. */
interface Open {
  readonly value: unknown[] | Record<string, unknown>;
  readonly end: "]" | "}";
  /** Key of the next value; only objects have one. */
  key: string;
}

class Parser {
  value: unknown;
  readonly #text: string;
  readonly #digits: boolean;
  readonly #open: Open[] = [];
  #at = 0;
  #parts = 0;
  #keys = 0;

  constructor(text: string, digits: boolean) {
    this.#text = text;
    this.#digits = digits;
  }

  /** Parses the text; each step of the iteration is a piece of the work. */
  *pieces(): Generator<void, void, void> {
    for (let values = 1;; values++) {
      if (values % VALUES_OF_A_PIECE === 0) yield;
      const value = this.#next();
      if (value === undefined) continue;
      if (this.#isWhole(value)) return;
    }
  }

  /** Reads a value, or the beginning of one: undefined for a list or object with content. */
  #next(): unknown {
    const char = this.#char();
    if (char === "[") return this.#begin({ value: [], end: "]", key: "" });
    if (char === "{") return this.#begin({ value: {}, end: "}", key: "" });
    return char === '"' ? this.#string() : this.#scalar();
  }

  #begin(open: Open): unknown {
    this.#at++;
    this.#count();
    if (this.#open.length === MOST_DEPTH) {
      throw refused(`the body is nested too deeply: expected at most ${MOST_DEPTH} lists or objects in each other`);
    }
    if (this.#char() === open.end) {
      this.#at++;
      return open.value;
    }
    this.#open.push(open);
    if (open.end === "}") open.key = this.#key();
    return undefined;
  }

  /** Puts a whole value where it belongs, and closes what ends with it. Returns true at the end of the text. */
  #isWhole(value: unknown): boolean {
    for (let whole = value;;) {
      const open = this.#open.at(-1);
      if (!open) {
        this.value = whole;
        if (this.#char() !== "") throw this.#unexpected();
        return true;
      }
      add(open, whole);
      const char = this.#char();
      if (char !== "," && char !== open.end) throw this.#unexpected();
      this.#at++;
      if (char === ",") {
        if (open.end === "}") open.key = this.#key();
        return false;
      }
      whole = open.value;
      this.#open.pop();
    }
  }

  #key(): string {
    if (this.#char() !== '"') throw this.#unexpected();
    const key = this.#string();
    if (++this.#keys > MOST_KEYS) {
      throw refused(`the body has too many keys: expected at most ${MOST_KEYS} in all its objects`);
    }
    if (this.#char() !== ":") throw this.#unexpected();
    this.#at++;
    return key;
  }

  #string(): string {
    this.#count();
    const begin = this.#at;
    for (let end = this.#text.indexOf('"', begin + 1); end >= 0; end = this.#text.indexOf('"', end + 1)) {
      let backslashes = 0;
      while (this.#text[end - 1 - backslashes] === "\\") backslashes++;
      if (backslashes % 2 === 1) continue;
      this.#at = end + 1;
      return JSON.parse(this.#text.slice(begin, this.#at));
    }
    throw new SyntaxError(`Unterminated string at position ${begin}`);
  }

  #scalar(): unknown {
    SCALAR.lastIndex = this.#at;
    const written = SCALAR.exec(this.#text)?.[0];
    if (written === undefined) throw this.#unexpected();
    this.#at += written.length;
    if (Object.hasOwn(LITERALS, written)) return LITERALS[written];
    const number = Number(written);
    return this.#digits && String(number) !== written ? new WrittenNumber(written) : number;
  }

  /** The next character that is no space; empty at the end. */
  #char(): string {
    SPACE.lastIndex = this.#at;
    SPACE.test(this.#text);
    this.#at = SPACE.lastIndex;
    return this.#text.charAt(this.#at);
  }

  #count(): void {
    if (++this.#parts > MOST_PARTS) {
      throw refused(`the body has too many parts: expected at most ${MOST_PARTS} lists, objects, keys and texts`);
    }
  }

  #unexpected(): SyntaxError {
    const char = this.#text.charAt(this.#at);
    return new SyntaxError(
      char === ""
        ? "Unexpected end of JSON input"
        : `Unexpected character ${JSON.stringify(char)} at position ${this.#at}`,
    );
  }
}

function add({ value, key }: Open, item: unknown): void {
  if (Array.isArray(value)) value.push(item);
  // An assignment would change the object's prototype.
  else if (key === "__proto__") Object.defineProperty(value, key, { value: item, ...PLAIN });
  else value[key] = item;
}

const PLAIN = { configurable: true, enumerable: true, writable: true };

function refused(message: string): InputError {
  return inputError("body", message);
}
