/** Learns the bins of numbers from the training rows, and gives the rows the tokens of their bins. */
import { grown } from "../../base/growing_arrays.ts";
import type { Column } from "../../formats/columns.ts";
import type { DataStatistics } from "../statistics.ts";
import { FIELD_SEPARATOR, finishKey, mixKey } from "../vocabulary/token_keys.ts";
import type { ProvisionalTokens } from "../vocabulary/provisional.ts";
import { UNKNOWN } from "../vocabulary/vocabulary.ts";
import { binOf, binTokens, type FieldColumn } from "./fields.ts";
import type { StoredRow } from "./row_store.ts";

/** A bin has the square root of the rows, about, but there are no more bins than these. */
const MOST_BINS = 32;

/** The numbers of rows, whose tokens come first in each row. */
export class RowNumbers {
  /** Numbers of a row. */
  readonly width: number;
  #values = new Float64Array(1024);
  #rows = 0;
  readonly #word = new Uint32Array(2);

  constructor(width: number) {
    this.width = width;
  }

  /**
   * Adds the numbers of the next row; null is missing. Writes a hash of each to `ids`, so that rows with other numbers
   * count as different.
   */
  add(numbers: readonly (number | null)[], ids: Uint32Array): void {
    const first = this.#rows++ * this.width;
    if (first + this.width > this.#values.length) this.#values = grown(this.#values, first + this.width);
    numbers.forEach((number, at) => {
      this.#values[first + at] = number ?? NaN;
      new Float64Array(this.#word.buffer)[0] = number ?? NaN;
      ids[at] = finishKey(mixKey(mixKey(0, this.#word[0]!), this.#word[1]!));
    });
  }

  /** Returns a number of a row; null if it is missing. */
  at(row: number, place: number): number | null {
    const value = this.#values[row * this.width + place]!;
    return Number.isNaN(value) ? null : value;
  }
}

/** The bins of all columns of numbers. */
export interface Bins {
  /** The columns of the rows, with edges. */
  readonly columns: readonly FieldColumn[];
  /** For each column of numbers: its edges, and the provisional ids of its tokens. */
  readonly ofNumbers: readonly { readonly edges: readonly number[]; readonly ids: readonly number[] }[];
}

/** Learns bins from the rows that `validates` marks with 0, unless they are `known`, and adds their tokens to `tokens`. */
export function learnBins(
  columns: readonly Column[],
  numbers: RowNumbers,
  validates: Uint8Array,
  tokens: ProvisionalTokens,
  known?: readonly FieldColumn[],
): Bins {
  let place = 0;
  const learnt = known ?? columns.map((column): FieldColumn => {
    if (column.kind !== "number") return column;
    const own = place++;
    const values = Array.from(validates, (side, row) => side === 0 ? numbers.at(row, own) : null);
    return { ...column, edges: quantiles(Float64Array.from(values.filter((value) => value !== null)).sort()) };
  });
  const ofNumbers = learnt.flatMap((column) =>
    column.edges ? [{ edges: column.edges, ids: binTokens(column).map((token) => tokens.keep(token)) }] : []
  );
  return { columns: learnt, ofNumbers };
}

/** Returns the edges of bins with about the same number of the `sorted` values: equal values are in one bin. */
function quantiles(sorted: Float64Array): number[] {
  const bins = Math.max(1, Math.min(MOST_BINS, Math.round(Math.sqrt(sorted.length))));
  const edges: number[] = [];
  for (let bin = 1; bin < bins; bin++) {
    const value = sorted[Math.round(bin * sorted.length / bins)]!;
    const before = sorted[sorted.indexOf(value) - 1];
    if (before === undefined || edges.length > 0 && edges.at(-1)! > before) continue;
    edges.push(shortBetween(before, value));
  }
  return edges;
}

/** Returns the number with the fewest digits that is above `low` and at most `high`, near their middle. */
function shortBetween(low: number, high: number): number {
  const middle = low / 2 + high / 2;
  for (let digits = 1; digits <= 17; digits++) {
    const short = Number(middle.toPrecision(digits));
    if (short > low && short <= high) return short;
  }
  return high;
}

/** Gives a stored row the tokens of its numbers. */
export function fillBins({ ofNumbers }: Bins, numbers: RowNumbers, { row, count, tokens }: StoredRow): void {
  for (let at = 0; at < Math.min(ofNumbers.length, count); at++) {
    const { edges, ids } = ofNumbers[at]!;
    tokens[at] = ids[binOf(edges, numbers.at(row, at))] ?? UNKNOWN;
  }
}

/** Counts the training rows of each bin and category. */
export class ValueCounts {
  /** The columns of numbers, then those of categories, as rows have them. */
  readonly #columns: readonly FieldColumn[];
  /** For each column: the rows of each provisional id. */
  readonly #rows: readonly Map<number, number>[];

  constructor({ columns, ofNumbers }: Bins) {
    const of = (wanted: Column["kind"]) => columns.filter(({ kind }) => kind === wanted);
    this.#columns = [...of("number"), ...of("category")];
    this.#rows = this.#columns.map((_, at) => new Map(ofNumbers[at]?.ids.map((id) => [id, 0])));
  }

  /** Adds a row whose numbers have the tokens of their bins. */
  add({ tokens, count }: StoredRow): void {
    for (let at = 0; at < Math.min(this.#rows.length, count); at++) {
      this.#rows[at]!.set(tokens[at]!, (this.#rows[at]!.get(tokens[at]!) ?? 0) + 1);
    }
  }

  /** `ids` are those of the chosen vocabulary, by provisional id. */
  finish(tokens: ProvisionalTokens, ids: Uint32Array): NonNullable<DataStatistics["columns"]> {
    return this.#columns.map(({ name, kind }, at) => {
      const rows = this.#rows[at]!;
      const strings = tokens.strings(new Set(rows.keys()));
      const all = Array.from(rows, ([id, count]) => {
        const value = strings.get(id)?.slice(name.length + FIELD_SEPARATOR.length);
        return { value, rows: count, isKnown: ids[id] !== UNKNOWN };
      });
      const present = all.filter(({ value, rows }) => value !== "" && (rows > 0 || kind === "number"));
      if (kind !== "number") present.sort((a, b) => b.rows - a.rows || ((a.value ?? "") < (b.value ?? "") ? -1 : 1));
      return {
        name,
        kind,
        values: present.slice(0, MOST_BINS).map(({ value = "…", rows }) => ({ value, rows })),
        missing: all.find(({ value }) => value === "")?.rows ?? 0,
        distinct: present.length,
        unknown: present.filter(({ isKnown }) => !isKnown).length,
      };
    });
  }
}
