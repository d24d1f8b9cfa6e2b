import { Interner, unitsOf } from "./interner.ts";

/** Id of every token that is not in the vocabulary. Id 0 is padding. */
export const UNKNOWN = 1;
/** Id of the first known token. */
export const FIRST_KNOWN = 2;

/** Maps tokens to ids and back. Ids count from 0: padding, unknown, then the known tokens in their order. */
export class Vocabulary {
  readonly #tokens = new Interner();

  /** `tokens` are the known ones, each once, the most frequent first. */
  constructor(tokens: Iterable<string>) {
    for (const token of tokens) this.#tokens.add(unitsOf(token), 0, token.length);
  }

  /** Number of ids. */
  get size(): number {
    return this.#tokens.size + FIRST_KNOWN;
  }

  /** Returns the id of the token with the units `start` to `end - 1`. A token without a string has a negative `start`, and is unknown. */
  id(units: Uint16Array, start: number, end: number): number {
    return start < 0 ? UNKNOWN : Math.max(this.#tokens.find(units, start, end) + FIRST_KNOWN, UNKNOWN);
  }

  /** Returns the token with this id; undefined for padding and unknown. */
  token(id: number): string | undefined {
    return id < FIRST_KNOWN || id >= this.size ? undefined : this.#tokens.text(id - FIRST_KNOWN);
  }

  /** Returns the known tokens in the order of their ids. */
  tokens(): string[] {
    return Array.from({ length: this.#tokens.size }, (_, entry) => this.#tokens.text(entry));
  }
}
