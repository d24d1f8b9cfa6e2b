/** Collects the vectors that a run uses: those of the words of its data, and of other words at the beginning of the file. */
import type { WordVectors } from "../vocabulary/choose_vocabulary.ts";

/** Receives the words of a file in its order, and reads the vector of one that is taken. The next call may overwrite it. */
export type OfferVector = (word: string, read: () => Float32Array) => void;

export interface CollectOptions {
  /** The words of the data. */
  readonly wanted: ReadonlySet<string>;
  /** The most other words that are taken, the first ones of the file. */
  readonly mostOthers: number;
  /** Spells a word of the file as the run does. */
  readonly spelled: (word: string) => string;
  /** Tells whether a text can have this word, in the run's spelling, as one token. */
  readonly isToken: (word: string) => boolean;
}

/** The vectors at first; there is room for more when they come. */
const FIRST_WORDS = 1024;

/**
 * Takes words one after another. A word that the file writes as the run does has precedence over one that it writes
 * otherwise (`apple` over `Apple`); of equals the first is taken.
 */
export class VectorCollector {
  readonly #options: CollectOptions;
  readonly #rows = new Map<string, number>();
  /** Per row, tells whether the file writes its word as the run does. */
  readonly #isExact: boolean[] = [];
  readonly #width: number;
  #values: Float32Array<ArrayBuffer>;
  #others = 0;

  constructor(width: number, options: CollectOptions) {
    this.#width = width;
    this.#options = options;
    this.#values = new Float32Array(width * FIRST_WORDS);
  }

  readonly offer: OfferVector = (written, read) => {
    const { wanted, mostOthers, spelled, isToken } = this.#options;
    const word = spelled(written);
    const isExact = word === written;
    let row = this.#rows.get(word);
    if (row !== undefined) {
      if (!isExact || this.#isExact[row]) return;
    } else {
      const isWanted = wanted.has(word);
      // Bytes that are no UTF-8 are U+FFFD.
      if (!isWanted && (this.#others === mostOthers || word.includes("\uFFFD") || !isToken(word))) return;
      if (!isWanted) this.#others++;
      row = this.#rows.size;
      this.#rows.set(word, row);
    }
    this.#isExact[row] = isExact;
    this.#put(row, read());
  };

  vectors(): WordVectors {
    const words = [...this.#rows.keys()];
    return { width: this.#width, words, values: this.#values.slice(0, words.length * this.#width) };
  }

  #put(row: number, vector: Float32Array): void {
    const at = row * this.#width;
    if (at >= this.#values.length) {
      const more = new Float32Array(2 * this.#values.length);
      more.set(this.#values);
      this.#values = more;
    }
    this.#values.set(vector, at);
  }
}
