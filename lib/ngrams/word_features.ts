/**
 * Lets words of similar meaning share weights, by vectors that a file gave: a row has the sum of the vectors of its words as
 * features besides its n-grams. Scores stay linear in the n-grams: after a fit, a word's weight is its own plus what the
 * weights of these features say of its vector, also of a word that no training row has.
 */
import type { TokenKeys } from "../data/vocabulary/token_keys.ts";
import type { TokenVectors } from "../data/vocabulary/choose_vocabulary.ts";
import { KeyTable } from "./key_table.ts";
import type { SparseRows } from "./svm.ts";

/** Vectors of the words among some columns. */
export interface WordFeatures {
  /** `[columns]`: number of the vector of each column's word, -1 for none. */
  readonly wordOf: Int32Array;
  /** `[words, width]`: vectors of length 1. */
  readonly vectors: Float32Array;
  readonly width: number;
}

/** Finds the vectors of the columns with `keys`. `vocabulary` has the keys of the ids. */
export function wordFeatures(
  keys: Uint32Array,
  vocabulary: TokenKeys,
  { first, width, values }: TokenVectors,
): WordFeatures {
  const table = KeyTable.of(keys);
  const wordOf = new Int32Array(keys.length).fill(-1);
  const vectors = new Float32Array(values.length);
  for (let word = 0; word * width < values.length; word++) {
    const column = table.find(keyOf(vocabulary, first + word));
    if (column < 0) continue;
    wordOf[column] = word;
    const vector = values.subarray(word * width, (word + 1) * width);
    const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
    if (length > 0) vectors.set(vector.map((value) => value / length), word * width);
  }
  return { wordOf, vectors, width };
}

/** Returns the key of the whole token with `id`. */
export function keyOf({ offsets, keys }: TokenKeys, id: number): number {
  return keys[offsets[id]!]!;
}

/** Rows with the sums of their words' vectors behind their columns. */
export interface SharingRows extends SparseRows {
  /** Factor of the sums. */
  readonly scale: number;
}

/** Returns `rows` with the sums of vectors, whose root mean square length among the rows `fitted` is 1. */
export function withWordFeatures(rows: SparseRows, fitted: Uint32Array, features: WordFeatures): SharingRows {
  const { offsets, columns, values, width: first } = rows;
  const { wordOf, vectors, width } = features;
  const count = offsets.length - 1;
  const sums = new Float32Array(count * width);
  for (let row = 0; row < count; row++) {
    for (let i = offsets[row]!; i < offsets[row + 1]!; i++) {
      const word = wordOf[columns[i]!]!;
      if (word < 0) continue;
      const value = values[i]!;
      for (let k = 0; k < width; k++) sums[row * width + k]! += value * vectors[word * width + k]!;
    }
  }
  let squares = 0;
  for (const row of fitted) for (let k = 0; k < width; k++) squares += sums[row * width + k]! ** 2;
  const scale = squares > 0 ? Math.sqrt(fitted.length / squares) : 0;
  const all = {
    offsets: offsets.map((offset, row) => offset + row * width),
    columns: new Uint32Array(columns.length + sums.length),
    values: new Float32Array(columns.length + sums.length),
  };
  for (let row = 0; row < count; row++) {
    const [begin, end] = [offsets[row]!, offsets[row + 1]!];
    const at = all.offsets[row]!;
    all.columns.set(columns.subarray(begin, end), at);
    all.values.set(values.subarray(begin, end), at);
    for (let k = 0; k < width; k++) {
      all.columns[at + end - begin + k] = first + k;
      all.values[at + end - begin + k] = scale * sums[row * width + k]!;
    }
  }
  return { ...all, width: first + width, scale };
}

/** Returns the weights `[columns + 1]` that give the same scores without the sums as `weights` with them. */
export function foldWordFeatures(
  weights: Float64Array,
  { wordOf, vectors, width }: WordFeatures,
  scale: number,
): Float64Array {
  const columns = wordOf.length;
  const folded = weights.slice(0, columns + 1);
  folded[columns] = weights[columns + width]!;
  for (let column = 0; column < columns; column++) {
    const word = wordOf[column]!;
    if (word < 0) continue;
    let sum = 0;
    for (let k = 0; k < width; k++) sum += weights[columns + k]! * vectors[word * width + k]!;
    folded[column]! += scale * sum;
  }
  return folded;
}
