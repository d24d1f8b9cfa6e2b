/** Fits the weights of one score of n-grams, of either of the two models that it is a sum of. */
import type { TrainingConfig } from "../config/schema.ts";
import type { RowLabels } from "../data/batches/table.ts";
import { labelsAt } from "../data/several.ts";
import { Random, Stream } from "../base/numbers/random.ts";
import type { CountedRows, WeighedRows } from "./counted_rows.ts";
import { featureSums, naiveBayesWeights } from "./naive_bayes.ts";
import { fitSeparator, type SparseRows } from "./svm.ts";
import { MANY_SCORES } from "./model.ts";
import { createNarrowFits, type NarrowFits } from "./narrow/narrow_fits.ts";
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
  /** `[width]`: where the fit of a separator begins, if it may be quick; see fitSeparator(). */
  readonly supports?: readonly Map<number, number>[] | undefined;
}

/** The rows of each label among those that models are fitted to, and the sums of the features of all of them. */
const ownRows = new WeakMap<Uint32Array, readonly (readonly number[])[]>();
const sumsOfAll = new WeakMap<WeighedRows, Float64Array>();
const narrowFits = new WeakMap<WeighedRows, NarrowFits>();

function narrow(problem: Problem, weighed: WeighedRows, fitted: Uint32Array): NarrowFits | undefined {
  const { width } = problem;
  if (width < MANY_SCORES) return undefined;
  const known = narrowFits.get(weighed) ??
    createNarrowFits(weighed, fitted, width, (k) => ownRowsOf(problem, fitted, k));
  narrowFits.set(weighed, known);
  return known;
}

/** Returns the rows of label `k` among those of `fitted`. */
export function ownRowsOf(
  { labelled, classes }: Pick<Problem, "labelled" | "classes">,
  fitted: Uint32Array,
  k: number,
): readonly number[] {
  const known = ownRows.get(fitted);
  if (known) return known[k]!;
  const own = Array.from({ length: classes }, (): number[] => []);
  for (const row of fitted) for (const label of labelsAt(labelled, row)) own[label]!.push(row);
  ownRows.set(fitted, own);
  return own[k]!;
}

/** Fits the naive Bayes weights of score `k`, `[columns + 1]`, which are valid until the next fit. */
export function fitBayes(
  problem: Problem,
  weighed: WeighedRows,
  fitted: Uint32Array,
  k: number,
): Float64Array | undefined {
  const { labelled: { labels, labelOffsets }, classes, classWeights, stopped } = problem;
  if (stopped()) return undefined;
  const few = narrow(problem, weighed, fitted);
  if (few) return few.fitBayes(k);
  const sums = (k: number) => featureSums(weighed, ownRowsOf(problem, fitted, k));
  const weightsOf = (k: number) => {
    const share = ownRowsOf(problem, fitted, k).reduce((sum, row) => sum + (classWeights?.[labels[row]!] ?? 1), 1);
    return naiveBayesWeights(weighed, sums(k), share);
  };
  if (!labelOffsets && classes !== 2) return weightsOf(k);
  if (!labelOffsets) return minus(weightsOf(1), weightsOf(0));
  const all = sumsOfAll.get(weighed) ?? featureSums(weighed, fitted);
  sumsOfAll.set(weighed, all);
  // Differences of sums that should be 0 are not negative.
  const others = minus(all, sums(k)).map((sum) => Math.max(0, sum));
  const without = fitted.length - ownRowsOf(problem, fitted, k).length;
  return minus(weightsOf(k), naiveBayesWeights(weighed, others, 1 + without));
}

function minus(values: Float64Array, others: Float64Array): Float64Array {
  return values.map((value, column) => value - others[column]!);
}

/** Fits the separator of score `k`, `[columns + 1]`, which is valid until the next fit. */
export function fitScore(
  problem: Problem,
  weighed: WeighedRows,
  fitted: Uint32Array,
  k: number,
  cost: number,
): Float64Array | undefined {
  const { counted: { words, rows }, labelled, classes, width, classWeights, seed, stopped, supports } = problem;
  const costOf = (row: number) => cost * (classWeights?.[labelled.labels[row]!] ?? 1);
  const few = narrow(problem, weighed, fitted);
  if (few) return few.fitScore(k, costOf, seed, stopped);
  const sides = new Uint8Array(rows);
  for (const row of ownRowsOf(problem, fitted, width < classes ? 1 : k)) sides[row] = 1;
  const random = new Random(seed, Stream.baseline).seek(1 + k);
  const fit = (rows: SparseRows) =>
    fitSeparator(rows, fitted, (row) => sides[row] === 1, costOf, random, stopped, supports?.[k]);
  const { sharing } = weighed;
  if (!words || !sharing) return fit(weighed);
  const weights = fit(sharing);
  return weights && foldWordFeatures(weights, words, sharing.scale);
}
