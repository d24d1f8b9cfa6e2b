/** Computes keys of tokens, of the letters in them and of neighbours: 32-bit hashes by which a row's n-grams are found. */
import { grown } from "../../base/growing_arrays.ts";
import { unitsOf } from "./interner.ts";
import { FIRST_KNOWN } from "./vocabulary.ts";

/** Where the letters of a word begin and end: no UTF-16 unit. */
const EDGE = 0x10000;
const MOST_LETTERS = 5;

/** Stands between the name of a column and a value in the token of a field. No tokenizer gives it within a token. */
export const FIELD_SEPARATOR = "\x1F";
const SEPARATOR_UNIT = FIELD_SEPARATOR.charCodeAt(0);

/** Keys of some tokens: of each its own, then those of its letters. */
export interface TokenKeys {
  /** `[tokens + 1]`: position in `keys` where the keys of each token begin. A token without a spelling has none. */
  readonly offsets: Uint32Array;
  readonly keys: Uint32Array;
  /** Keys of the tokens behind which the texts of a row begin, if it has several columns. */
  readonly marks?: readonly number[] | undefined;
}

/** Collects the keys of tokens, one after another. */
export class TokenKeyList {
  readonly #hasLetters: boolean;
  #offsets = new Uint32Array(8);
  #keys = new Uint32Array(64);
  #tokens = 0;

  /** `hasLetters`: tokens are words, whose letters count. */
  constructor(hasLetters: boolean) {
    this.#hasLetters = hasLetters;
  }

  /** Number of tokens so far. */
  get size(): number {
    return this.#tokens;
  }

  /** Adds the token with the units `start` to `end - 1`; a negative `start` means a token without a spelling. */
  add(units: Uint16Array, start: number, end: number): void {
    let at = this.#end();
    if (start >= 0) {
      const most = 1 + (this.#hasLetters ? (MOST_LETTERS - 1) * (end - start + 1) : 0);
      const keys = this.#keys = roomFor(this.#keys, at + most);
      keys[at++] = tokenKey(units, start, end);
      if (this.#hasLetters && !isField(units, start, end)) at = addLetterKeys(units, start, end, keys, at);
    }
    this.#close(at);
  }

  /** Adds tokens with the keys that another list gave. */
  addAll({ offsets, keys }: TokenKeys): void {
    for (let token = 0; token + 1 < offsets.length; token++) {
      const own = keys.subarray(offsets[token], offsets[token + 1]);
      this.#keys = roomFor(this.#keys, this.#end() + own.length);
      this.#keys.set(own, this.#end());
      this.#close(this.#end() + own.length);
    }
  }

  /** Returns the keys of all tokens, in new arrays. */
  keys(): TokenKeys {
    return { offsets: this.#offsets.slice(0, this.#tokens + 1), keys: this.#keys.slice(0, this.#end()) };
  }

  /** Returns where the keys of the next token begin. */
  #end(): number {
    return this.#offsets[this.#tokens]!;
  }

  /** Ends the keys of a token at `end`. */
  #close(end: number): void {
    this.#offsets = roomFor(this.#offsets, ++this.#tokens + 1);
    this.#offsets[this.#tokens] = end;
  }
}

function roomFor(array: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  return array.length < length ? grown(array, length) : array;
}

/** Returns the keys of all ids of a vocabulary: padding and unknown tokens, which have none, then `known`. */
export function keysOfVocabulary(known: readonly string[], hasLetters: boolean): TokenKeys {
  const list = new TokenKeyList(hasLetters);
  for (let id = 0; id < FIRST_KNOWN; id++) list.add(unitsOf(""), -1, -1);
  for (const token of known) list.add(unitsOf(token), 0, token.length);
  return list.keys();
}

/** Tells whether a token is that of a field: its letters are those of a name. */
function isField(units: Uint16Array, start: number, end: number): boolean {
  for (let i = start + 1; i < end; i++) if (units[i] === SEPARATOR_UNIT) return true;
  return false;
}

/** Returns the key of a token by its UTF-16 units. */
function tokenKey(units: Uint16Array, start: number, end: number): number {
  let state = 1;
  for (let i = start; i < end; i++) state = mixKey(state, units[i]!);
  return finishKey(state);
}

/**
 * Writes the keys of all runs of 2 to 5 units of a word with an edge at either end (" word "), and returns the position after
 * the last. A run has the same key wherever it stands.
 */
function addLetterKeys(units: Uint16Array, start: number, end: number, keys: Uint32Array, at: number): number {
  const unit = (i: number) => i < start || i >= end ? EDGE : units[i]!;
  for (let i = start - 1; i < end; i++) {
    let state = mixKey(2, unit(i));
    for (let n = 2; n <= MOST_LETTERS && i + n <= end + 1; n++) {
      state = mixKey(state, unit(i + n - 1));
      keys[at++] = finishKey(state);
    }
  }
  return at;
}

/** Tells whether a key of letters is that of a run of 2 units, by the number of keys of its word behind it. */
export function isPair(behind: number): boolean {
  // From the end of the word back, 1, 2, 3 and from then on 4 runs begin at a unit, the shortest first.
  return behind < 5 ? behind === 0 || behind === 2 : behind % 4 === 1;
}

/** Computes one round of MurmurHash3's 32-bit hash (Appleby, 2011). */
export function mixKey(state: number, word: number): number {
  let k = Math.imul(word, 0xCC9E2D51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1B873593);
  const h = state ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xE6546B64) | 0;
}

/** Finalizes the hash: mixes all bits of the state, and returns a whole number from 0 to 2^32 - 1. */
export function finishKey(state: number): number {
  let h = Math.imul(state ^ (state >>> 16), 0x85EBCA6B);
  h = Math.imul(h ^ (h >>> 13), 0xC2B2AE35);
  return (h ^ (h >>> 16)) >>> 0;
}
