import { grown } from "../../base/growing_arrays.ts";
import { Interner, unitsOf } from "./interner.ts";
import type { TokenKeyList } from "./token_keys.ts";
import { UNKNOWN } from "./vocabulary.ts";

const NO_UNITS = new Uint16Array(0);

/** Most distinct tokens at a time. With their strings they take about 150 MB. */
const MOST = 1 << 21;

/**
 * Numbers tokens while the data is read, before the vocabulary is chosen: each new token gets the next id, from 2 on. The
 * rarest half is forgotten when there are too many tokens; a forgotten token that occurs again gets a new id.
 */
export class ProvisionalTokens {
  readonly #most: number;
  #tokens = new Interner();
  /** Id and number of occurrences of each entry of `#tokens`. */
  #ids = new Uint32Array(1024);
  #counts = new Uint32Array(1024);
  #next = UNKNOWN + 1;
  #forgotten = 0;

  constructor(most: number = MOST) {
    this.#most = most;
  }

  /** The greatest id plus one. */
  get end(): number {
    return this.#next;
  }

  /** Number of tokens that were forgotten; one that is forgotten again counts again. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** Returns the id of the token with the units `start` to `end - 1`. A negative start means a token without a string: unknown. */
  add(units: Uint16Array, start: number, end: number): number {
    if (start < 0) return UNKNOWN;
    const id = this.#intern(units, start, end);
    if (this.#tokens.size > this.#most) this.#forget();
    return id;
  }

  /** Returns the id of a token that comes after all rows. */
  keep(token: string): number {
    return this.#intern(unitsOf(token), 0, token.length);
  }

  #intern(units: Uint16Array, start: number, end: number): number {
    const size = this.#tokens.size;
    const entry = this.#tokens.add(units, start, end);
    if (entry === size) {
      if (entry >= this.#ids.length) {
        this.#ids = grown(this.#ids, entry + 1);
        this.#counts = grown(this.#counts, entry + 1);
      }
      this.#ids[entry] = this.#next++;
      this.#counts[entry] = 0;
    }
    this.#counts[entry]!++;
    return this.#ids[entry]!;
  }

  /** Returns the id of a token; UNKNOWN if it was never added, or was forgotten. */
  find(token: string): number {
    const entry = this.#tokens.find(unitsOf(token), 0, token.length);
    return entry < 0 ? UNKNOWN : this.#ids[entry]!;
  }

  /** Returns the strings of `ids` that were not forgotten. */
  strings(ids: ReadonlySet<number>): Map<number, string> {
    const strings = new Map<number, string>();
    for (let entry = 0; entry < this.#tokens.size; entry++) {
      const id = this.#ids[entry]!;
      if (ids.has(id)) strings.set(id, this.#tokens.text(entry));
    }
    return strings;
  }

  /** Returns the entry in `#tokens` of each id plus 1, `[end]`; 0 for a token that was forgotten. */
  #entries(): Uint32Array {
    const entries = new Uint32Array(this.#next);
    for (let entry = 0; entry < this.#tokens.size; entry++) entries[this.#ids[entry]!] = entry + 1;
    return entries;
  }

  /** Returns the function that adds the token `id` to `list`, without a spelling if it was forgotten. */
  adder(list: TokenKeyList): (id: number) => void {
    const entries = this.#entries();
    const add = list.add.bind(list);
    return (id) => {
      const entry = entries[id]!;
      if (entry === 0) list.add(NO_UNITS, -1, -1);
      else this.#tokens.read(entry - 1, add);
    };
  }

  /** Returns a 1 for each id that was not forgotten, `[end]`. */
  known(): Uint8Array {
    const known = new Uint8Array(this.#next);
    for (let entry = 0; entry < this.#tokens.size; entry++) known[this.#ids[entry]!] = 1;
    return known;
  }

  /** Keeps the tokens that are more frequent than the median. */
  #forget(): void {
    const size = this.#tokens.size;
    const sorted = this.#counts.slice(0, size).sort();
    const limit = sorted[size >> 1]!;
    const kept = new Interner();
    let entry = 0;
    for (let old = 0; old < size; old++) {
      if (this.#counts[old]! <= limit) continue;
      const text = this.#tokens.text(old);
      kept.add(unitsOf(text), 0, text.length);
      this.#ids[entry] = this.#ids[old]!;
      this.#counts[entry] = this.#counts[old]!;
      entry++;
    }
    this.#forgotten += size - entry;
    this.#tokens = kept;
  }
}
