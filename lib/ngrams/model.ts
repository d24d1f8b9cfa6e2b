/**
 * A linear classifier of n-grams, as plain arrays that can be posted to another thread. It shares no arithmetic with the
 * engines. Start with train.ts.
 */
import type { TokenKeys } from "../data/vocabulary/token_keys.ts";
import { createFeatureFinder, type NgramRows, type NgramSpace, type OnFeature } from "./features.ts";
import { KeyTable } from "./key_table.ts";

export interface LinearModel {
  readonly space: NgramSpace;
  readonly classes: number;
  /** `many` if a row may have several labels: the probability of each is then the sigmoid of its score. */
  readonly labels?: "many";
  /** Keys of the known tokens, by id. */
  readonly vocabulary: TokenKeys;
  /** `[columns]`: key of each feature. The first `tokenColumns` are n-grams of tokens, the others letters of words. */
  readonly keys: Uint32Array;
  readonly tokenColumns: number;
  /** `[columns]`: weight of each feature, greater for rarer ones (inverse document frequency). */
  readonly importance: Float32Array;
  /** `[columns, scores]`, row-major: see `scoresOf`. With `sparse`, those that are not 0, of one feature after another. */
  readonly weights: Float32Array;
  readonly sparse?: SparseWeights;
  /** `[scores]` */
  readonly bias: Float32Array;
}

/** Tells what the weights of a model of many scores are of: each feature has those of some scores. */
export interface SparseWeights {
  /** `[columns + 1]`: position in the weights where those of each feature begin. */
  readonly starts: Uint32Array;
  /** The score of each weight: they ascend within a feature. */
  readonly scores: Uint16Array;
}

/** Features of a row and their values. Only the first `count` are in use. */
export interface Vector {
  count: number;
  readonly columns: Uint32Array;
  readonly values: Float64Array;
}

/**
 * Returns `model` with scores that are `factor` times as large (its probabilities to that power), plus `offsets` of each
 * class, if there are any.
 */
export function withScores(model: LinearModel, factor: number, offsets?: Float64Array): LinearModel {
  const scaled = (values: Float32Array) => values.map((value) => factor * value);
  const bias = scaled(model.bias);
  for (let k = 0; offsets && k < bias.length; k++) {
    bias[k]! += model.classes === 2 ? offsets[1]! - offsets[0]! : offsets[k]!;
  }
  return { ...model, weights: scaled(model.weights), bias };
}

/** From this many scores on, each is fitted to some rows only: see narrow/narrow_fits.ts. */
export const MANY_SCORES = 512;

/** Returns the number of scores that decide among `classes`: of two classes, that of the second decides. */
export function scoresOf(classes: number, labels?: "many"): number {
  return classes === 2 && !labels ? 1 : classes;
}

/** Returns the value of a feature that a row has `count` times: it grows with the logarithm. */
export function damped(count: number): number {
  return count === 1 ? 1 : 1 + Math.log(count);
}

/** Names the parts that scores are computed with, once a row is a vector. */
type ScorePart = "classes" | "labels" | "weights" | "sparse" | "bias";

/** Computes the vector of a row; see createVectorizer(). */
export type Vectorize = (rows: NgramRows, row: number, onFeature?: OnFeature) => Vector;

/**
 * Returns the function that computes the vector of a row, in arrays that are valid until the next call. The values of tokens
 * have a Euclidean length of 1, and so have those of letters.
 */
export function createVectorizer(
  { space, vocabulary, keys, tokenColumns, importance }: Omit<LinearModel, ScorePart>,
): Vectorize {
  const table = KeyTable.of(keys);
  const find = createFeatureFinder(space, vocabulary, (key) => table.find(key), columnsOf(vocabulary, table));
  let values = new Float64Array(256);
  return (rows, row, onFeature) => {
    const { count, columns, counts } = find(rows, row, onFeature);
    if (values.length < count) values = new Float64Array(2 * count);
    let [tokens, letters] = [0, 0];
    for (let i = 0; i < count; i++) {
      const value = values[i] = damped(counts[i]!) * importance[columns[i]!]!;
      if (columns[i]! < tokenColumns) tokens += value * value;
      else letters += value * value;
    }
    const [ofTokens, ofLetters] = [inverseRoot(tokens), inverseRoot(letters)];
    for (let i = 0; i < count; i++) values[i]! *= columns[i]! < tokenColumns ? ofTokens : ofLetters;
    return { count, columns, values };
  };
}

/** Looks up the keys of known tokens once, as most tokens of a row are known. */
function columnsOf({ keys }: TokenKeys, table: KeyTable): Int32Array {
  return Int32Array.from(keys, (key) => table.find(key));
}

/** Returns the factor that gives values with a sum of squares of `squares` the length 1. */
export function inverseRoot(squares: number): number {
  return squares > 0 ? 1 / Math.sqrt(squares) : 0;
}

/** Returns the function that computes the scores of a row, in an array that is valid until the next call. */
export function createScorer(
  { weights, sparse, bias, ...model }: LinearModel,
  vectorize: Vectorize = createVectorizer(model),
): (rows: NgramRows, row: number) => Float64Array {
  const scores = new Float64Array(bias.length);
  if (sparse) {
    return (rows, row) => {
      const { count, columns, values } = vectorize(rows, row);
      scores.set(bias);
      for (let i = 0; i < count; i++) addSparse(scores, columns[i]!, values[i]!, weights, sparse);
      return scores;
    };
  }
  return (rows, row) => {
    const { count, columns, values } = vectorize(rows, row);
    scores.set(bias);
    for (let i = 0; i < count; i++) {
      const first = columns[i]! * scores.length;
      const value = values[i]!;
      for (let k = 0; k < scores.length; k++) scores[k]! += value * weights[first + k]!;
    }
    return scores;
  };
}

/** Adds the weights of a feature, times its `value`. */
function addSparse(
  sums: Float64Array,
  column: number,
  value: number,
  weights: Float32Array,
  { starts, scores }: SparseWeights,
): void {
  const end = starts[column + 1]!;
  for (let i = starts[column]!; i < end; i++) sums[scores[i]!]! += value * weights[i]!;
}

/** Writes the probabilities of a row to `probabilities`, `[classes]`: the softmax of its `scores`; see scoresOf(). */
export function softmax(scores: ArrayLike<number>, probabilities: Float64Array): void {
  const classes = probabilities.length;
  if (classes === 2) {
    probabilities[0] = 0;
    probabilities[1] = scores[0]!;
  } else for (let k = 0; k < classes; k++) probabilities[k] = scores[k]!;
  softmaxOf(probabilities);
}

/** Replaces scores by their softmax. */
export function softmaxOf(scores: Float64Array): void {
  let max = scores[0]!;
  for (let k = 1; k < scores.length; k++) max = Math.max(max, scores[k]!);
  let sum = 0;
  for (let k = 0; k < scores.length; k++) sum += scores[k] = Math.exp(scores[k]! - max);
  for (let k = 0; k < scores.length; k++) scores[k]! /= sum;
}

/** Counts what the n-grams of the same tokens add, or the letters of a token. */
export interface NgramPart {
  /** The tokens from `first` to `end - 1` of the row. */
  readonly first: number;
  readonly end: number;
  weight: number;
}

/** The parts of a difference between two scores, and what no n-gram adds. */
interface LinearParts {
  readonly parts: readonly NgramPart[];
  readonly bias: number;
}

/** Returns the parts of the score of class `one` less that of class `other`. A score is a sum, so that this is exact. */
export type ExplainScores = (rows: NgramRows, row: number, one: number, other: number) => LinearParts;

export function createExplainScores(
  { classes, labels, weights, sparse, bias }: Pick<LinearModel, ScorePart>,
  vectorize: Vectorize,
): ExplainScores {
  const scores = scoresOf(classes, labels);
  // The first of two classes has the score 0, and so has class -1.
  const missing = classes - scores;
  const biasOf = (k: number) => k < missing ? 0 : bias[k - missing]!;
  const weightOf = (column: number, k: number) => {
    if (k < missing) return 0;
    if (!sparse) return weights[column * scores + k - missing]!;
    const begin = sparse.starts[column]!;
    const at = sparse.scores.subarray(begin, sparse.starts[column + 1]).indexOf(k);
    return at < 0 ? 0 : weights[begin + at]!;
  };
  return (rows, row, one, other) => {
    const found: { column: number; part: NgramPart }[] = [];
    const parts = new Map<string, NgramPart>();
    const counts = new Map<number, number>();
    const { count, columns, values } = vectorize(rows, row, (column, first, end) => {
      const key = `${first} ${end}`;
      let part = parts.get(key);
      if (!part) parts.set(key, part = { first, end, weight: 0 });
      found.push({ column, part });
      counts.set(column, (counts.get(column) ?? 0) + 1);
    });
    const valueOfColumn = new Map<number, number>();
    for (let i = 0; i < count; i++) valueOfColumn.set(columns[i]!, values[i]!);
    for (const { column, part } of found) {
      part.weight += valueOfColumn.get(column)! / counts.get(column)! *
        (weightOf(column, one) - weightOf(column, other));
    }
    return { parts: [...parts.values()], bias: biasOf(one) - biasOf(other) };
  };
}
