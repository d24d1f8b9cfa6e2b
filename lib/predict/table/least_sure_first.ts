/** Sorts written rows by their confidence. */
import { counted } from "../../base/counted.ts";
import { inputError } from "../../base/errors.ts";

/** Limits the characters that are kept in memory. */
export const MOST_SORTED = 2 ** 28;

/** Rows that are joined into a piece of text. */
const PIECE = 1000;

export class LeastSureFirst {
  readonly #rows: { readonly confidence: number; readonly text: string }[] = [];
  readonly #most: number;
  #characters = 0;

  constructor(most = MOST_SORTED) {
    this.#most = most;
  }

  /** Keeps a row. Throws an InputError if the rows have too many characters. */
  add(confidence: number, text: string): void {
    this.#characters += text.length;
    if (this.#characters > this.#most) {
      const message =
        `The rows have more than ${counted(this.#most, "character")}, which are kept in memory to write the ` +
        "least sure first: write them in their order, and sort by the column of the confidence";
      throw inputError("data", message);
    }
    this.#rows.push({ confidence, text });
  }

  /** Returns the rows in ascending order of confidence, equal ones in the order in which they came. */
  *texts(): Generator<string, void, void> {
    this.#rows.sort((a, b) => a.confidence - b.confidence || 0);
    for (let begin = 0; begin < this.#rows.length; begin += PIECE) {
      yield this.#rows.slice(begin, begin + PIECE).map(({ text }) => text).join("");
    }
  }
}
