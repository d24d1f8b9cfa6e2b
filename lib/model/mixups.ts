/** Which classes are taken for which: counted by pairs, as of thousands of classes a matrix has too many numbers. */

/** Of more classes the matrix is left out: nobody can read it, and it takes the square of their number. */
export const MOST_IN_MATRIX = 100;

/** Pairs that are told. */
const MOST_PAIRS = 100;

export interface Mixup {
  /** The class of the rows, and the one that they were given, by number. */
  readonly label: number;
  readonly given: number;
  readonly rows: number;
}

export class Mixups {
  readonly #classes: number;
  /** Rows of each pair that came by; the key is label · classes + given. */
  readonly #rows = new Map<number, number>();

  constructor(classes: number) {
    this.#classes = classes;
  }

  add(label: number, given: number): void {
    const key = label * this.#classes + given;
    this.#rows.set(key, (this.#rows.get(key) ?? 0) + 1);
  }

  /** `[class of the row][class it was given]`: rows. Undefined of more classes than a matrix is told of. */
  matrix(): number[][] | undefined {
    const classes = this.#classes;
    if (classes > MOST_IN_MATRIX) return undefined;
    const row = (label: number) =>
      Array.from({ length: classes }, (_, given) => this.#rows.get(label * classes + given) ?? 0);
    return Array.from({ length: classes }, (_, label) => row(label));
  }

  /** The pairs of different classes that are mixed up most, the worst first; of equals in the order of their classes. */
  worst(): Mixup[] {
    const pairs = [...this.#rows].map(([key, rows]) => ({ key, rows, ...this.#pair(key) }));
    return pairs.filter(({ label, given }) => label !== given).sort((a, b) => b.rows - a.rows || a.key - b.key)
      .slice(0, MOST_PAIRS).map(({ label, given, rows }) => ({ label, given, rows }));
  }

  /** Of each class: its rows, those that were given it, and those of both. */
  counts(): { readonly support: Uint32Array; readonly given: Uint32Array; readonly right: Uint32Array } {
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
