/** Counts which classes are mixed up, by pairs: a matrix of thousands of classes has too many numbers. */

import type { ClassCounts } from "../data/class_counts.ts";

/** With more classes the matrix is left out: it is unreadable, and its size is the square of their number. */
const MOST_IN_MATRIX = 200;

/** Pairs that are listed. */
const MOST_PAIRS = 100;

interface Mixup {
  /** The class of the rows, and the one that the model gave them, by number. */
  readonly label: number;
  readonly given: number;
  readonly rows: number;
}

export class Mixups {
  readonly #classes: number;
  /** The rows of each pair; the key is label · classes + given. */
  readonly #rows = new Map<number, number>();

  constructor(classes: number) {
    this.#classes = classes;
  }

  add(label: number, given: number): void {
    const key = label * this.#classes + given;
    this.#rows.set(key, (this.#rows.get(key) ?? 0) + 1);
  }

  /** Returns `[class of the row][class it was given]`: rows. Undefined if there are more classes than MOST_IN_MATRIX. */
  matrix(): number[][] | undefined {
    const classes = this.#classes;
    if (classes > MOST_IN_MATRIX) return undefined;
    const row = (label: number) =>
      Array.from({ length: classes }, (_, given) => this.#rows.get(label * classes + given) ?? 0);
    return Array.from({ length: classes }, (_, label) => row(label));
  }

  /** Lists the pairs of different classes that are mixed up most, the worst first; equal ones in the order of their classes. */
  worst(): Mixup[] {
    const pairs = [...this.#rows].map(([key, rows]) => ({ key, rows, ...this.#pair(key) }));
    return pairs.filter(({ label, given }) => label !== given).sort((a, b) => b.rows - a.rows || a.key - b.key)
      .slice(0, MOST_PAIRS).map(({ label, given, rows }) => ({ label, given, rows }));
  }

  counts(): ClassCounts & { readonly right: Uint32Array } {
    const zeros = () => new Uint32Array(this.#classes);
    const [support, given, right] = [zeros(), zeros(), zeros()];
    for (const [key, rows] of this.#rows) {
      const pair = this.#pair(key);
      support[pair.label]! += rows;
      given[pair.given]! += rows;
      if (pair.label === pair.given) right[pair.label] = rows;
    }
    return { support, given, right };
  }

  #pair(key: number): { label: number; given: number } {
    return { label: Math.floor(key / this.#classes), given: key % this.#classes };
  }
}
