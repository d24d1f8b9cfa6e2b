/** Counts the features of labelled rows, chooses those that a model knows, and weighs them. */
import type { TokenVectors } from "../data/vocabulary/choose_vocabulary.ts";
import type { TokenKeys } from "../data/vocabulary/token_keys.ts";
import { grown } from "../base/growing_arrays.ts";
import { createFeatureFinder, type NgramRows, type NgramSpace } from "./features.ts";
import { KeyTable } from "./key_table.ts";
import { damped, inverseRoot, MANY_SCORES } from "./model.ts";
import type { SparseRows } from "./svm.ts";
import { keyOf, type SharingRows, withWordFeatures, type WordFeatures, wordFeatures } from "./word_features.ts";

/** Most features with their counts that are kept: 9 bytes each. */
const MOST_ENTRIES = 3 * 2 ** 24;
/** Most different features while rows are counted; further ones are left out. */
const MOST_KEYS = 2 ** 23;
/** Most weights of a model in which each feature has all scores: 64 MiB. */
const MOST_WEIGHTS = 2 ** 24;
/** Most features of a model in which it has some of them. */
const MOST_NARROW = 2 ** 20;
/** Most values of the vectors of all rows together, 12 bytes each. Where rows are more, words share no weights. */
const MOST_SHARED = 2 ** 24;
/** A run of letters that only one row has says nothing that its word does not say. */
const FEWEST_ROWS_WITH_LETTERS = 2;
/** Rows between two calls of `stopped`. */
const STOP_EVERY = 256;

/** Returns how many features a model of so many scores may have. */
export function mostFeatures(scores: number): number {
  return scores < MANY_SCORES ? Math.floor(MOST_WEIGHTS / scores) : MOST_NARROW;
}

/** The features of some rows, row after row. */
export interface CountedRows {
  readonly rows: number;
  /** `[rows + 1]` */
  readonly offsets: Uint32Array;
  readonly columns: Uint32Array;
  /** How often the row has the feature: 255 stands for more as well. */
  readonly counts: Uint8Array;
  /** `[columns]`: key of each feature; those of tokens first, then those of letters. */
  readonly keys: Uint32Array;
  readonly tokenColumns: number;
  /** Vectors of words, if a file gave any. */
  readonly words?: WordFeatures;
}

/**
 * Counts all rows of `tables`, one table after another, and keeps at most `most` features; all words with `vectors` are
 * features. Returns undefined if it was stopped.
 */
export function countRows(
  tables: readonly NgramRows[],
  space: NgramSpace,
  vocabulary: TokenKeys,
  most: number,
  stopped: () => boolean,
  vectors?: TokenVectors,
): CountedRows | undefined {
  const table = new KeyTable();
  const hasLetters = mostEntries(tables, space.order, vocabulary) <= MOST_ENTRIES;
  let isLetters = new Uint8Array(1024);
  const find = createFeatureFinder(space, vocabulary, (key, ofLetters) => {
    if (ofLetters && !hasLetters) return -1;
    if (table.size === MOST_KEYS) return table.find(key);
    const column = table.add(key);
    if (column >= isLetters.length) isLetters = grown(isLetters, column + 1);
    if (ofLetters) isLetters[column] = 1;
    return column;
  });
  const rows = tables.reduce((sum, { offsets }) => sum + offsets.length - 1, 0);
  const shared = vectors && rows * vectors.width <= MOST_SHARED ? vectors : undefined;
  for (let word = 0; shared && word * shared.width < shared.values.length; word++) {
    table.add(keyOf(vocabulary, shared.first + word));
  }
  const offsets = new Uint32Array(rows + 1);
  let columns: Uint32Array<ArrayBuffer> = new Uint32Array(1 << 16);
  let counts: Uint8Array<ArrayBuffer> = new Uint8Array(1 << 16);
  let at = 0;
  let row = 0;
  for (const rowsOfTable of tables) {
    for (let own = 0; own < rowsOfTable.offsets.length - 1; own++, row++) {
      if (row % STOP_EVERY === 0 && stopped()) return undefined;
      const found = find(rowsOfTable, own);
      if (at + found.count > columns.length) {
        columns = grown(columns, at + found.count);
        counts = grown(counts, columns.length);
      }
      for (let i = 0; i < found.count; i++, at++) {
        columns[at] = found.columns[i]!;
        counts[at] = Math.min(255, found.counts[i]!);
      }
      offsets[row + 1] = at;
    }
  }
  const chosen = choose({ rows, offsets, columns, counts }, table, grown(isLetters, table.size), most);
  return { ...chosen, ...shared && { words: wordFeatures(chosen.keys, vocabulary, shared) } };
}

/** Returns an upper bound of the features of all rows, each counted once a row. */
function mostEntries(tables: readonly NgramRows[], order: number, vocabulary: TokenKeys): number {
  let entries = 0;
  for (const { tokens, unknown } of tables) {
    for (let i = 0; i < tokens.length; i++) {
      entries += order - 1 + (vocabulary.marks ? 1 : 0) + vocabulary.offsets[tokens[i]! + 1]! -
        vocabulary.offsets[tokens[i]!]!;
    }
    entries += unknown?.keys.keys.length ?? 0;
  }
  return entries;
}

/** Drops the features that too few rows have, and the rarest if there are more than `most`. Those of tokens go first. */
function choose(
  { rows, offsets, columns, counts }: Omit<CountedRows, "keys" | "tokenColumns">,
  table: KeyTable,
  isLetters: Uint8Array,
  most: number,
): CountedRows {
  const entries = offsets[rows]!;
  const frequency = new Uint32Array(table.size);
  for (let i = 0; i < entries; i++) frequency[columns[i]!]!++;
  const isChosen = (column: number) => isLetters[column] === 0 || frequency[column]! >= FEWEST_ROWS_WITH_LETTERS;
  let chosen = Uint32Array.from(frequency.keys()).filter(isChosen);
  if (chosen.length > most) {
    chosen = chosen.sort((a, b) => frequency[b]! - frequency[a]! || a - b).subarray(0, most);
  }
  chosen.sort((a, b) => isLetters[a]! - isLetters[b]! || a - b);
  const renamed = new Int32Array(table.size).fill(-1);
  chosen.forEach((column, position) => renamed[column] = position);
  const kept = new Uint32Array(rows + 1);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    for (let i = offsets[row]!; i < offsets[row + 1]!; i++) {
      const column = renamed[columns[i]!]!;
      if (column < 0) continue;
      columns[at] = column;
      counts[at++] = counts[i]!;
    }
    kept[row + 1] = at;
  }
  const keys = chosen.map((column) => table.key(column));
  const tokenColumns = chosen.reduce((sum, column) => sum + 1 - isLetters[column]!, 0);
  return { rows, offsets: kept, columns: columns.subarray(0, at), counts: counts.subarray(0, at), keys, tokenColumns };
}

/** Vectors of all rows, as a model that is fitted to some of them computes them, except for the length of letters. */
export interface WeighedRows extends SparseRows {
  /**
   * `[columns]`: log((1 + n) / (1 + rows with the feature)) + 1 of the n fitted rows; 0 for a feature that too few have, unless
   * it is a word with a vector.
   */
  readonly importance: Float32Array;
  /** `[columns]`: number of fitted rows with the feature. */
  readonly frequency: Uint32Array;
  /** The same rows with the vectors of their words, if words have any. */
  readonly sharing?: SharingRows;
}

/**
 * Weighs the features of all rows by the inverse document frequency in those of `fitted`; see createVectorizer(). The values
 * of a row's letters have the length `lettersLength`, where those of its tokens have the length 1.
 */
export function weighRows(counted: CountedRows, fitted: Uint32Array, lettersLength: number): WeighedRows {
  const { rows, offsets, columns, counts, keys, tokenColumns, words } = counted;
  const frequency = new Uint32Array(keys.length);
  for (const row of fitted) for (let i = offsets[row]!; i < offsets[row + 1]!; i++) frequency[columns[i]!]!++;
  const importance = Float32Array.from(frequency, (having, column) => {
    const hasVector = words !== undefined && words.wordOf[column]! >= 0;
    const isKnown = hasVector || having >= (column < tokenColumns ? 1 : FEWEST_ROWS_WITH_LETTERS);
    return isKnown ? Math.log((1 + fitted.length) / (1 + having)) + 1 : 0;
  });
  const values = new Float32Array(columns.length);
  const logs = Float64Array.from({ length: 256 }, (_, count) => damped(count));
  for (let row = 0; row < rows; row++) {
    const [begin, end] = [offsets[row]!, offsets[row + 1]!];
    let [tokens, letters] = [0, 0];
    for (let i = begin; i < end; i++) {
      const column = columns[i]!;
      const value = values[i] = logs[counts[i]!]! * importance[column]!;
      if (column < tokenColumns) tokens += value * value;
      else letters += value * value;
    }
    const [ofTokens, ofLetters] = [inverseRoot(tokens), lettersLength * inverseRoot(letters)];
    for (let i = begin; i < end; i++) values[i]! *= columns[i]! < tokenColumns ? ofTokens : ofLetters;
  }
  const weighed = { offsets, columns, values, width: keys.length, importance, frequency };
  return words ? { ...weighed, sharing: withWordFeatures(weighed, fitted, words) } : weighed;
}
