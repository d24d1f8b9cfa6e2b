/**
 * Stores rows of numbers that arrive one by one, in at most `limit` rows of memory: a full table merges neighbours in
 * pairs, and each row then stands for twice as many. The first `keys` columns are the position of a row (column 0
 * increases) and keep the last value merged; the others are means. NaN means unknown and is left out of means.
 */
export class Table {
  /** Number of rows that were ever pushed. */
  pushed = 0;
  readonly #keys: number;
  readonly #limit: number;
  #length = 0;
  /** Number of pushed rows that a full row stands for. */
  #stride = 1;
  /** Number of pushed rows in the last row while it is not full; at 0 the next push starts a row. */
  #filled = 0;
  readonly #columns: readonly Float64Array[];
  /** Number of known values in the last row, per column. */
  readonly #known: Float64Array;

  constructor(width: number, keys: number, limit = 5000) {
    if (limit < 2 || limit % 2 !== 0) throw new RangeError(`The limit of a table is ${limit}, expected an even number`);
    this.#keys = keys;
    this.#limit = limit;
    this.#columns = Array.from({ length: width }, () => new Float64Array(limit));
    this.#known = new Float64Array(width);
  }

  get length(): number {
    return this.#length;
  }

  /** Returns column `index`, oldest value first: a view, valid until the next change. */
  column(index: number): Float64Array {
    const column = this.#columns[index];
    if (!column) throw new RangeError(`There is no column ${index} among ${this.#columns.length}`);
    return column.subarray(0, this.#length);
  }

  last(index: number): number {
    return this.column(index)[this.#length - 1] ?? NaN;
  }

  /** Adds a row. A position that is not after the last one, as after a resume, first drops the rows from there on. */
  push(row: readonly number[]): void {
    const position = row[0] ?? NaN;
    if (position <= this.last(0)) this.cut(position);
    if (this.#filled === 0) this.#start();
    const at = this.#length - 1;
    for (const [index, column] of this.#columns.entries()) {
      const value = row[index] ?? NaN;
      if (index < this.#keys) column[at] = value;
      else if (!Number.isNaN(value)) {
        const known = (this.#known[index] ?? 0) + 1;
        this.#known[index] = known;
        const mean = column[at] ?? NaN;
        column[at] = known === 1 ? value : mean + (value - mean) / known;
      }
    }
    this.pushed++;
    this.#filled = (this.#filled + 1) % this.#stride;
  }

  /** Drops the rows at `position` and beyond. */
  cut(position: number): void {
    const positions = this.column(0);
    let length = this.#length;
    while (length > 0 && (positions[length - 1] ?? NaN) >= position) length--;
    if (length === this.#length) return;
    this.#length = length;
    this.#filled = 0;
  }

  #start(): void {
    if (this.#length === this.#limit) this.#halve();
    for (const column of this.#columns) column[this.#length] = NaN;
    this.#known.fill(0);
    this.#length++;
  }

  #halve(): void {
    this.#length /= 2;
    this.#stride *= 2;
    for (const [index, column] of this.#columns.entries()) {
      for (let row = 0; row < this.#length; row++) {
        const first = column[2 * row] ?? NaN;
        const second = column[2 * row + 1] ?? NaN;
        column[row] = index < this.#keys ? second : mean(first, second);
      }
    }
  }
}

function mean(first: number, second: number): number {
  if (Number.isNaN(first)) return second;
  return Number.isNaN(second) ? first : (first + second) / 2;
}
