/**
 * Trains the baseline: a linear model of n-grams on the same rows as the LSTM. Its metrics show what the LSTM adds, and how
 * much word order matters in the data.
 *
 * Features are weighed by their logarithm and the inverse document frequency (TF-IDF), and one support vector machine a
 * class is fitted to them. How much an error costs, and whether features are scaled by their contrast, is chosen by
 * cross-validation where the data is small enough for that, and by the validation rows otherwise: what is best by the metric
 * of the run, the log-loss after the scores of rows that were not fitted have been scaled to probabilities. At the end the
 * model is fitted to all rows.
 */
import type { TrainingConfig } from "../config/schema.ts";
import { answerQuality } from "../data/class_counts.ts";
import { mostProbable } from "../data/metrics.ts";
import type { EncodedTable } from "../data/batches/table.ts";
import type { TokenKeys } from "../data/vocabulary/token_keys.ts";
import { Random, Stream } from "../base/random.ts";
import { contrastOf } from "./contrast.ts";
import { type CountedRows, countRows, LETTERS_LENGTH, type WeighedRows, weighRows } from "./counted_rows.ts";
import type { NgramSpace } from "./features.ts";
import { type LinearModel, scoresOf, softmax } from "./model.ts";
import { bestScale } from "./scale.ts";
import { fitSeparator } from "./svm.ts";

export interface BaselineOptions {
  readonly space: NgramSpace;
  /** Labels are from 0 to `classes - 1`. */
  readonly classes: number;
  /** Keys of the known tokens, by id. */
  readonly vocabulary: TokenKeys;
  readonly seed: number;
  /** `[classes]`: weight of a row of each class in the loss; 1 without it. */
  readonly classWeights?: Float32Array;
  /** Chooses the setting. */
  readonly metric: TrainingConfig["metric"];
  /** Tells whether the model that is kept is also fitted to the validation rows, because they were drawn from the same files. */
  readonly fitsValidation: boolean;
  /** Called now and then; training ends without a result when it returns true. */
  readonly stopped?: () => boolean;
}

export interface Baseline {
  readonly model: LinearModel;
  /** `[rows, classes]`: probabilities of the validation rows by models that were not fitted to them. */
  readonly validation: Float32Array;
  /** Rows that the model is fitted to. */
  readonly rows: number;
  readonly seconds: number;
}

/** Costs of an error; the search begins at the third. */
const COSTS = [0.06, 0.15, 0.4, 1, 2.5, 6];
const FIRST_COST = 2;
/** Contrast that is tried beside none. */
const CONTRAST = 0.5;
const FOLDS = 5;
/** Passes over the rows that a fit takes, about; most rows of most classes leave it early. */
const PASSES = 6;
/** A row takes as long in a pass as so many multiplications, besides those of its features. */
const ROW_WORK = 8;
/** Most multiplications of the search for a cost: about 20 seconds on one core. */
const SEARCH_WORK = 6e9;
/** Most multiplications of one fit. Data that needs more is fitted to some of its rows. */
const FIT_WORK = 2e10;

/** Fits the model; returns undefined if it was stopped. Pure except for the time. */
export function trainBaseline(
  training: EncodedTable,
  validation: EncodedTable,
  options: BaselineOptions,
): Baseline | undefined {
  const started = performance.now();
  const { space, classes, vocabulary, seed, classWeights, metric, fitsValidation, stopped = () => false } = options;
  const counted = countRows([training, validation], space, vocabulary, scoresOf(classes), stopped);
  if (!counted) return undefined;
  const labels = Uint16Array.from([...training.labels, ...validation.labels]);
  const rows = Uint32Array.from(labels.keys());
  const work = (counted.columns.length + ROW_WORK * counted.rows) * scoresOf(classes) * PASSES;
  const trained = someOf(rows.subarray(0, training.labels.length), FIT_WORK / work, seed);
  const validated = rows.subarray(training.labels.length);
  const fitted = fitsValidation ? Uint32Array.from([...trained, ...validated]) : trained;
  const problem = { counted, labels, classes, classWeights, metric, seed, stopped };
  const isSmall = COSTS.length * FOLDS * work <= SEARCH_WORK && fitted.length >= FOLDS;
  const splits = [
    ...isSmall ? foldsOf(fitted, seed) : [],
    ...!isSmall || !fitsValidation ? [{ fitted: trained, evaluated: validated }] : [],
  ];
  const most = isSmall ? COSTS.length : Math.max(1, Math.floor(SEARCH_WORK / work));
  const chosen = bestSetting(most, (setting) => trySetting(problem, splits, setting));
  const model = chosen && fitModel(problem, fitted, chosen, { space, vocabulary });
  return model && {
    model,
    validation: probabilitiesFrom(training.labels.length, chosen, problem),
    rows: fitted.length,
    seconds: (performance.now() - started) / 1000,
  };
}

interface Problem {
  readonly counted: CountedRows;
  readonly labels: Uint16Array;
  readonly classes: number;
  readonly classWeights: Float32Array | undefined;
  readonly metric: TrainingConfig["metric"];
  readonly seed: number;
  readonly stopped: () => boolean;
}

/** Rows that a model is fitted to, and others that it is evaluated on. */
interface Split {
  readonly fitted: Uint32Array;
  readonly evaluated: Uint32Array;
}

/** Describes what the loss of rows that were not fitted decides. */
interface Setting {
  /** Cost of an error. */
  readonly cost: number;
  /** See contrastOf(); 0 for none. */
  readonly contrast: number;
}

/** Models with one setting, and what they predict for the rows that they were not fitted to. */
interface Attempt extends Setting {
  /** Factor of the scores that makes probabilities of them. */
  readonly scale: number;
  /** Mean loss of these rows. */
  readonly loss: number;
  /** How good their predictions are by the metric: higher is better. */
  readonly quality: number;
  /** The rows. */
  readonly evaluated: Uint32Array;
  /** `[evaluated, scores]` */
  readonly scores: Float32Array;
}

/** Returns `rows` in random order. */
function shuffled(rows: Uint32Array, seed: number): Uint32Array {
  const order = rows.slice();
  new Random(seed, Stream.baseline).seek(0).shuffle(order);
  return order;
}

/** Returns a random share of `rows`, in order; all of them if it is 1 or more. */
function someOf(rows: Uint32Array, share: number, seed: number): Uint32Array {
  return share >= 1 ? rows : shuffled(rows, seed).subarray(0, Math.ceil(share * rows.length)).sort();
}

/** Divides rows at random into groups of the same size, each of which is evaluated by a model of the others. */
function foldsOf(rows: Uint32Array, seed: number): Split[] {
  const order = shuffled(rows, seed);
  return Array.from({ length: FOLDS }, (_, fold) => ({
    fitted: order.filter((_, position) => position % FOLDS !== fold),
    evaluated: order.filter((_, position) => position % FOLDS === fold),
  }));
}

/**
 * Tries neighbouring costs as long as the loss falls, and then contrast with the best of them: `most` settings in all. Returns
 * the best; undefined if it was stopped.
 */
function bestSetting(most: number, evaluate: (setting: Setting) => Attempt | undefined): Attempt | undefined {
  let left = most;
  const attempt = (cost: number, contrast = 0) => left-- > 0 ? evaluate({ cost, contrast }) : undefined;
  let best = attempt(COSTS[FIRST_COST]!);
  for (const step of [1, -1]) {
    for (let index = FIRST_COST + step; best && left > 0 && COSTS[index] !== undefined; index += step) {
      const next = attempt(COSTS[index]!);
      if (!next) return undefined;
      if (!isBetter(next, best)) break;
      best = next;
    }
    // The loss has one minimum: it does not fall on the other side as well.
    if (best?.cost !== COSTS[FIRST_COST]) break;
  }
  if (!best || left <= 0) return best;
  const contrasted = attempt(best.cost, CONTRAST);
  if (!contrasted) return undefined;
  return isBetter(contrasted, best) ? contrasted : best;
}

/** Compares by the metric, and equal ones by their loss. */
function isBetter(one: Attempt, other: Attempt): boolean {
  return one.quality > other.quality || one.quality === other.quality && one.loss < other.loss;
}

function trySetting(problem: Problem, splits: readonly Split[], setting: Setting): Attempt | undefined {
  const width = scoresOf(problem.classes);
  const evaluated = Uint32Array.from(splits.flatMap((split) => [...split.evaluated]));
  const scores = new Float32Array(evaluated.length * width);
  let before = 0;
  for (const split of splits) {
    const weighed = weighRows(problem.counted, split.fitted);
    const { offsets, columns, values } = weighed;
    for (let k = 0; k < width; k++) {
      const weights = fitScore(problem, weighed, split.fitted, k, setting);
      if (!weights) return undefined;
      for (let at = 0; at < split.evaluated.length; at++) {
        const row = split.evaluated[at]!;
        let score = weights[weighed.width]!;
        for (let i = offsets[row]!; i < offsets[row + 1]!; i++) score += weights[columns[i]!]! * values[i]!;
        scores[(before + at) * width + k] = score;
      }
    }
    before += split.evaluated.length;
  }
  const best = bestScale(problem, evaluated, scores);
  return best && { ...setting, evaluated, scores, ...best, quality: qualityOf(problem, evaluated, scores, best.loss) };
}

/** Returns the metric of rows with these scores, `[rows, scores]`. Class weights are in the loss only. */
function qualityOf(
  { labels, classes, metric }: Problem,
  rows: Uint32Array,
  scores: Float32Array,
  loss: number,
): number {
  if (metric === "log-loss") return -loss;
  const width = scoresOf(classes);
  const given = Uint16Array.from(rows, (_, at) => {
    return width === 1 ? Number(scores[at]! > 0) : mostProbable(scores, at * width, width);
  });
  return answerQuality(metric, Uint16Array.from(rows, (row) => labels[row]!), given, classes);
}

/** Computes the probabilities of the rows from `first` on, `[rows, classes]`, by models that were not fitted to them. */
function probabilitiesFrom(
  first: number,
  { evaluated, scores, scale }: Attempt,
  { counted, classes }: Problem,
): Float32Array {
  const probabilities = new Float32Array((counted.rows - first) * classes);
  const own = new Float64Array(classes);
  evaluated.forEach((row, at) => {
    if (row < first) return;
    softmax(scores, at * scoresOf(classes), scale, own);
    probabilities.set(own, (row - first) * classes);
  });
  return probabilities;
}

/** Fits the weights of score `k`, `[columns + 1]`. */
function fitScore(
  { labels, classes, classWeights, seed, stopped }: Problem,
  weighed: WeighedRows,
  fitted: Uint32Array,
  k: number,
  { cost, contrast }: Setting,
): Float64Array | undefined {
  const positive = classes === 2 ? 1 : k;
  const random = new Random(seed, Stream.baseline).seek(1 + k);
  const costOf = (row: number) => cost * (classWeights?.[labels[row]!] ?? 1);
  const isPositive = (row: number) => labels[row] === positive;
  if (contrast === 0) return fitSeparator(weighed, fitted, isPositive, costOf, random, stopped);
  const factors = contrastOf(weighed, fitted, isPositive, contrast);
  const values = weighed.values.map((value, i) => value * factors[weighed.columns[i]!]!);
  const weights = fitSeparator({ ...weighed, values }, fitted, isPositive, costOf, random, stopped);
  for (let column = 0; weights && column < factors.length; column++) weights[column]! *= factors[column]!;
  return weights;
}

/** Fits a model to the rows `fitted`, without the features that none of them has. */
function fitModel(
  problem: Problem,
  fitted: Uint32Array,
  chosen: Attempt,
  shape: Pick<LinearModel, "space" | "vocabulary">,
): LinearModel | undefined {
  const { counted, classes } = problem;
  const weighed = weighRows(counted, fitted);
  const known = Uint32Array.from(weighed.importance.keys().filter((column) => weighed.importance[column]! > 0));
  const width = scoresOf(classes);
  const weights = new Float32Array(known.length * width);
  const bias = new Float32Array(width);
  for (let k = 0; k < width; k++) {
    const own = fitScore(problem, weighed, fitted, k, chosen);
    if (!own) return undefined;
    for (let column = 0; column < known.length; column++) {
      const length = known[column]! < counted.tokenColumns ? 1 : LETTERS_LENGTH;
      weights[column * width + k] = chosen.scale * length * own[known[column]!]!;
    }
    bias[k] = chosen.scale * own[weighed.width]!;
  }
  const keys = known.map((column) => counted.keys[column]!);
  const tokenColumns = known.reduce((sum, column) => sum + (column < counted.tokenColumns ? 1 : 0), 0);
  const importance = Float32Array.from(known, (column) => weighed.importance[column]!);
  return { ...shape, classes, keys, tokenColumns, importance, weights, bias };
}
