/** Fits the weights of one score of n-grams, of either of the two models that it is a sum of. */
import type { TrainingConfig } from "../config/schema.ts";
import type { RowLabels } from "../data/batches/table.ts";
import { labelsAt } from "../data/several.ts";
import { Random, Stream } from "../base/numbers/random.ts";
import type { CountedRows, WeighedRows } from "./counted_rows.ts";
import { naiveBayesWeights } from "./naive_bayes.ts";
import { fitSeparator, type SparseRows } from "./svm.ts";
import { foldWordFeatures } from "./word_features.ts";

/** The rows, and how they are fitted. */
export interface Problem {
  readonly counted: CountedRows;
  /** The labels of all rows: several of a row if it has offsets. */
  readonly labelled: RowLabels;
  readonly classes: number;
  /** The number of scores. */
  readonly width: number;
  readonly classWeights: Float32Array | undefined;
  readonly metric: TrainingConfig["metric"];
  readonly seed: number;
  readonly stopped: () => boolean;
}

/** Fits the naive Bayes weights of score `k`, `[columns + 1]`. */
export function fitBayes(
  { labelled, classes, classWeights, stopped }: Problem,
  weighed: WeighedRows,
  fitted: Uint32Array,
  k: number,
): Float64Array | undefined {
  if (stopped()) return undefined;
  const { labels, labelOffsets } = labelled;
  if (labelOffsets) {
    const isOwn = (row: number) => labelsAt(labelled, row).includes(k);
    const own = fitted.reduce((count, row) => count + (isOwn(row) ? 1 : 0), 1);
    const others = naiveBayesWeights(weighed, fitted, (row) => !isOwn(row), fitted.length + 2 - own);
    return naiveBayesWeights(weighed, fitted, isOwn, own).map((weight, column) => weight - others[column]!);
  }
  const counts = new Float64Array(classes).fill(1);
  for (const row of fitted) counts[labels[row]!]! += classWeights?.[labels[row]!] ?? 1;
  const weightsOf = (own: number) => naiveBayesWeights(weighed, fitted, (row) => labels[row] === own, counts[own]!);
  if (classes !== 2) return weightsOf(k);
  const others = weightsOf(0);
  return weightsOf(1).map((weight, column) => weight - others[column]!);
}

/** Fits the separator of score `k`, `[columns + 1]`. */
export function fitScore(
  { counted: { words }, labelled, classes, width, classWeights, seed, stopped }: Problem,
  weighed: WeighedRows,
  fitted: Uint32Array,
  k: number,
  cost: number,
): Float64Array | undefined {
  const positive = width < classes ? 1 : k;
  const random = new Random(seed, Stream.baseline).seek(1 + k);
  const costOf = (row: number) => cost * (classWeights?.[labelled.labels[row]!] ?? 1);
  const isPositive = (row: number) => labelsAt(labelled, row).includes(positive);
  const fit = (rows: SparseRows) => fitSeparator(rows, fitted, isPositive, costOf, random, stopped);
  const { sharing } = weighed;
  if (!words || !sharing) return fit(weighed);
  const weights = fit(sharing);
  return weights && foldWordFeatures(weights, words, sharing.scale);
}
