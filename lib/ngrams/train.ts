/**
 * Trains the baseline: a linear model of n-grams on the same rows as the LSTM. Its metrics show what the LSTM adds, and how
 * much word order matters in the data.
 *
 * Features are weighed by their logarithm and the inverse document frequency (TF-IDF). One support vector machine a class is
 * fitted to them, and naive Bayes, which is better where rows are few: a score is a weighted sum of both. How much each
 * counts has the lowest log-loss of rows that were not fitted: by cross-validation where the data is small enough, on the
 * validation rows otherwise. How much an error costs, and how much letters count beside whole tokens, is what is then best by
 * the metric of the run. At the end the model is fitted to all rows.
 */
import type { TrainingConfig } from "../config/schema.ts";
import { answersF1, macroF1 } from "../data/class_counts.ts";
import { mostProbable, sigmoid } from "../data/metrics.ts";
import { countSeveral, joinLabels, pickLabels, shareRight } from "../data/several.ts";
import { type EncodedTable, type RowLabels, rowsOf } from "../data/batches/table.ts";
import type { TokenVectors } from "../data/vocabulary/choose_vocabulary.ts";
import type { TokenKeys } from "../data/vocabulary/token_keys.ts";
import { countRows, mostFeatures, weighRows } from "./counted_rows.ts";
import type { NgramSpace } from "./features.ts";
import { fitBayes, fitScore, type Problem } from "./fits.ts";
import { sparseWeights, wholeWeights } from "./narrow/collect_weights.ts";
import { type LinearModel, MANY_SCORES, scoresOf, softmaxOf } from "./model.ts";
import { narrowShare } from "./narrow/narrow_fits.ts";
import { type ClassScores, fitPowers, type Turns, type UsualPower } from "./powers.ts";
import { evaluatedRows, FOLDS, foldsOf, scoreRows, someOf, type Split } from "./splits.ts";

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
  /** Tells whether no model that predicts validation rows may be fitted to others of them, as they have groups or times. */
  readonly validatesApart?: boolean;
  /** Tries one setting, and fits it quickly, for rows of which an earlier run had most. */
  readonly isQuick?: boolean;
  /** Vectors of words, if a file gave any: words with similar ones share weights. */
  readonly vectors?: TokenVectors;
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
/**
 * Lengths of the values of letters in a row's vector, where those of tokens have the length 1. Whole words say more, unless most
 * of them are in one row only, as names are: they then tell a row from all others, and the fit learns little of its letters.
 */
const LETTERS_LENGTHS = [0.75, 1.5] as const;
/** Powers without rows to choose them by. */
export const USUAL_POWERS: readonly UsualPower[] = [{ mean: 4, rows: 1e-3 }, { mean: 0.25, rows: 1 }];
/** Passes over the rows that a fit takes, about; most rows of most classes leave it early. */
export const PASSES = 6;
/** A row takes as long in a pass as so many multiplications, besides those of its features. */
export const ROW_WORK = 8;
/** Rows between two calls of `stopped`. */
const STOP_EVERY = 256;
/** Most multiplications of the search for a cost: about 20 seconds on one core. */
const SEARCH_WORK = 6e9;
/** Most multiplications of a cross-validation with one setting. */
const QUICK_WORK = 6e8;
/** Most multiplications of one fit. Data that needs more is fitted to some of its rows. */
export const FIT_WORK = 2e10;

/** Fits the model; returns undefined if it was stopped. Pure except for the time. */
export function trainBaseline(
  training: EncodedTable,
  validation: EncodedTable,
  options: BaselineOptions,
): Baseline | undefined {
  const started = performance.now();
  const {
    space,
    classes,
    vocabulary,
    seed,
    classWeights,
    metric,
    fitsValidation,
    isQuick = false,
    vectors,
    stopped = () => false,
  } = options;
  const isApart = !fitsValidation || options.validatesApart === true;
  const width = scoresOf(classes, training.labelOffsets && "many");
  const shared = width < MANY_SCORES ? vectors : undefined;
  const counted = countRows([training, validation], space, vocabulary, mostFeatures(width), stopped, shared);
  if (!counted) return undefined;
  const labelled = joinLabels(training, validation);
  const rows = Uint32Array.from({ length: counted.rows }, (_, row) => row);
  const before = rowsOf(training);
  const rowWork = ROW_WORK + (counted.words?.width ?? 0);
  const fitsOfAll = width < MANY_SCORES ? width : narrowShare(labelled, classes);
  const work = (counted.columns.length + rowWork * counted.rows) * fitsOfAll * PASSES;
  const trained = someOf(rows.subarray(0, before), FIT_WORK / work, seed);
  const validated = rows.subarray(before);
  const fitted = fitsValidation ? Uint32Array.from([...trained, ...validated]) : trained;
  const supports = isQuick ? Array.from({ length: width }, () => new Map<number, number>()) : undefined;
  const problem = { counted, labelled, classes, width, classWeights, metric, seed, stopped, supports };
  const [tries, mostWork] = isQuick ? [1, QUICK_WORK] : [COSTS.length, SEARCH_WORK];
  const isSmall = width < MANY_SCORES && tries * FOLDS * work <= mostWork && fitted.length >= FOLDS;
  const splits = [
    ...isSmall ? foldsOf(isApart ? trained : fitted, seed) : [],
    ...!isSmall || isApart ? [{ fitted: trained, evaluated: validated }] : [],
  ];
  const most = isQuick ? 1 : isSmall ? COSTS.length + 1 : Math.max(1, Math.floor(SEARCH_WORK / work));
  const chosen = search(problem, splits, most);
  const model = chosen && fitModel(problem, fitted, chosen, { space, vocabulary });
  return model && {
    model,
    validation: probabilitiesFrom(before, chosen, problem),
    rows: fitted.length,
    seconds: (performance.now() - started) / 1000,
  };
}

/** Models with one setting, and what they predict for the rows that they were not fitted to. */
interface Attempt {
  /** Cost of an error. */
  readonly cost: number;
  readonly lettersLength: number;
  /** Factors of the scores of the separators and of naive Bayes, whose sums make probabilities. */
  readonly powers: readonly [separator: number, bayes: number];
  /** Mean loss of these rows. */
  readonly loss: number;
  /** How good their predictions are by the metric: higher is better. */
  readonly quality: number;
  /** The rows. */
  readonly evaluated: Uint32Array;
  /** `[evaluated, classes]`: the sums. */
  readonly scores: Float32Array;
}

/** Finds the best cost for the usual length of letters, and then tries the other length with it: `most` attempts in all. */
function search(problem: Problem, splits: readonly Split[], most: number): Attempt | undefined {
  const { counted } = problem;
  const [usual, other] = LETTERS_LENGTHS;
  const triesOther = most > 1 && counted.tokenColumns < counted.keys.length;
  const ofLength = (length: number) => {
    const bayes = scoreRows(counted, problem, splits, length, (...fit) => fitBayes(problem, ...fit));
    return (cost: number) => bayes && tryCost(problem, splits, bayes, cost, length);
  };
  const best = bestCost(triesOther ? most - 1 : most, ofLength(usual));
  if (!best || !triesOther) return best;
  const next = ofLength(other)(best.cost);
  return next && isBetter(next, best) ? next : next && best;
}

/** Tries neighbouring costs as long as the loss falls, `most` in all. Returns the best; undefined if it was stopped. */
function bestCost(most: number, attempt: (cost: number) => Attempt | undefined): Attempt | undefined {
  let left = most - 1;
  let best = attempt(COSTS[FIRST_COST]!);
  for (const step of [1, -1]) {
    for (let index = FIRST_COST + step; best && left > 0 && COSTS[index] !== undefined; index += step) {
      left--;
      const next = attempt(COSTS[index]!);
      if (!next) return undefined;
      if (!isBetter(next, best)) break;
      best = next;
    }
    // The loss has one minimum: it does not fall on the other side as well.
    if (best?.cost !== COSTS[FIRST_COST]) break;
  }
  return best;
}

/** Compares by the metric, and equal ones by their loss. */
function isBetter(one: Attempt, other: Attempt): boolean {
  return one.quality > other.quality || one.quality === other.quality && one.loss < other.loss;
}

function tryCost(
  problem: Problem,
  splits: readonly Split[],
  bayes: Float32Array,
  cost: number,
  lettersLength: number,
): Attempt | undefined {
  const { counted, labelled, classWeights, stopped } = problem;
  const evaluated = evaluatedRows(splits);
  const scores = scoreRows(counted, problem, splits, lettersLength, (...fit) => fitScore(problem, ...fit, cost));
  if (!scores) return undefined;
  const own = pickLabels(labelled, evaluated);
  // Few rows cannot prove a probability of 0 or 1 (Platt, "Probabilistic outputs for support vector machines", 1999).
  const doubt = 1 / (evaluated.length + 2);
  const fitted = finish(
    fitPowers([scores, bayes], own.labels, {
      labelOffsets: own.labelOffsets,
      usual: USUAL_POWERS,
      classWeights,
      doubt,
    }),
    stopped,
  );
  if (!fitted) return undefined;
  const [separator, ofBayes] = fitted.powers as [number, number];
  addScaled(scores, separator, bayes, ofBayes);
  const quality = qualityOf(problem, own, scores, fitted.loss);
  return { cost, lettersLength, powers: [separator, ofBayes], loss: fitted.loss, quality, evaluated, scores };
}

/**
 * Replaces `scores` by `power · scores + otherPower · others`. It is a function of its own because of a fault of V8 in Deno
 * 2.9.6: when Maglev replaces a loop that runs, an object that is made after the loop may share fractions from before it with
 * other such objects. The cost and the loss of earlier attempts became those of the newest.
 */
function addScaled(scores: Float32Array, power: number, others: Float32Array, otherPower: number): void {
  for (let i = 0; i < scores.length; i++) scores[i] = power * scores[i]! + otherPower * others[i]!;
}

/** Does the work to its end; returns undefined if it was stopped. */
function finish<Result>(work: Turns<Result>, stopped: () => boolean): Result | undefined {
  for (let turn = 0;; turn++) {
    if (turn % STOP_EVERY === 0 && stopped()) return undefined;
    const { done, value } = work.next();
    if (done) return value;
  }
}

/** Returns the metric of rows with these scores, `[rows, classes]`. Class weights are in the loss only. */
function qualityOf({ classes, metric }: Problem, labelled: RowLabels, scores: ClassScores, loss: number): number {
  if (metric === "log-loss") return -loss;
  if (metric === "accuracy") return shareRight(labelled, scores, classes);
  const { labels, labelOffsets } = labelled;
  if (labelOffsets) return macroF1(countSeveral(labelled, scores, classes, () => 0));
  return answersF1(labels, labels.map((_, at) => mostProbable(scores, at * classes, classes)), classes);
}

/** Computes the probabilities of the rows from `first` on, `[rows, classes]`, by models that were not fitted to them. */
function probabilitiesFrom(
  first: number,
  { evaluated, scores }: Attempt,
  { counted, classes, labelled }: Problem,
): Float32Array {
  const probabilities = new Float32Array((counted.rows - first) * classes);
  evaluated.forEach((row, at) => {
    if (row < first) return;
    const own = Float64Array.from(scores.subarray(at * classes, (at + 1) * classes));
    if (!labelled.labelOffsets) softmaxOf(own);
    probabilities.set(labelled.labelOffsets ? own.map(sigmoid) : own, (row - first) * classes);
  });
  return probabilities;
}

/** Fits a model to the rows `fitted`, without the features that none of them has. */
function fitModel(
  problem: Problem,
  fitted: Uint32Array,
  chosen: Attempt,
  shape: Pick<LinearModel, "space" | "vocabulary">,
): LinearModel | undefined {
  const { counted, classes, width, labelled } = problem;
  const weighed = weighRows(counted, fitted, chosen.lettersLength);
  const known = Uint32Array.from(weighed.importance.keys().filter((column) => weighed.importance[column]! > 0));
  const bias = new Float32Array(width);
  const collected = width < MANY_SCORES ? wholeWeights(known.length, width) : sparseWeights(known.length);
  for (let k = 0; k < width; k++) {
    const own = fitScore(problem, weighed, fitted, k, chosen.cost);
    const bayes = own && fitBayes(problem, weighed, fitted, k);
    if (!bayes) return undefined;
    const sumAt = (column: number) => chosen.powers[0] * own[column]! + chosen.powers[1] * bayes[column]!;
    collected.add(k, (column) => {
      const length = known[column]! < counted.tokenColumns ? 1 : chosen.lettersLength;
      return length * sumAt(known[column]!);
    });
    bias[k] = sumAt(weighed.width);
  }
  const keys = known.map((column) => counted.keys[column]!);
  const tokenColumns = known.reduce((sum, column) => sum + (column < counted.tokenColumns ? 1 : 0), 0);
  const importance = Float32Array.from(known, (column) => weighed.importance[column]!);
  return {
    ...shape,
    classes,
    ...labelled.labelOffsets && { labels: "many" },
    keys,
    tokenColumns,
    importance,
    ...collected.weights(),
    bias,
  };
}
