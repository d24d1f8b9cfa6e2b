/** Measures a classifier on rows whose labels are known, and describes the result: `judgement.json`, reports, HTTP. */
import { z } from "zod";
import { rowMetricsSchema } from "../base/row_metrics.ts";
import { f1Of, macroF1 } from "../data/class_counts.ts";
import { logLoss, mostProbable } from "../data/metrics.ts";
import { answersAbove, coverageTable, rankRows } from "./coverage.ts";
import { Mixups } from "./mixups.ts";

const classMetricsSchema = z.object({
  label: z.string(),
  /** Rows of this class. */
  support: z.int(),
  /** The share of this class in the rows that were given it; 0 where no row was. */
  precision: z.number(),
  /** The share of this class's rows that were given it; 0 where it has no row. */
  recall: z.number(),
  /** Harmonic mean of precision and recall. */
  f1: z.number(),
  /** The least probability with which a row gets this label, where it may have several. */
  threshold: z.number().optional(),
});
type ClassMetrics = z.infer<typeof classMetricsSchema>;

/** Describes a model's metrics: its macro F1 is over the classes that have rows, its calibration error over 15 bins. */
export const evaluationSchema = rowMetricsSchema.extend({
  /** Rows by confidence, in up to 15 bins: their number, mean confidence and accuracy; absent in older files. */
  calibration: z.array(z.object({ confidence: z.number(), accuracy: z.number(), rows: z.int() })).optional(),
  /** The accuracy of the most confident 100, 99, …, 1 % of the rows; absent in older files, or with fewer steps. */
  coverage: z.array(z.object({ coverage: z.number(), accuracy: z.number(), confidence: z.number() })).optional(),
  /** Rows of none of the classes, the AUROC of confidence between the other rows and these, and the share that is rejected. */
  outOfScope: z.object({ rows: z.int(), auroc: z.number(), rejected: z.number().optional() }).optional(),
  classes: z.array(classMetricsSchema),
  /** `[class of the row][class it was given]`: rows. Left out where there are more than 200 classes. */
  confusion: z.array(z.array(z.int())).optional(),
  /** The pairs of classes that are mixed up most, by their places in `classes`, the worst first; absent in older files. */
  mixups: z.array(z.object({ label: z.int(), given: z.int(), rows: z.int() })).optional(),
  /** The tokens that most mistakes depend on, each with the pair of classes that it mixes up most, if they are explained. */
  decisive: z.array(z.object({ token: z.string(), rows: z.int(), label: z.string(), given: z.string() })).optional(),
  /** Rows that were given a wrong class, at most 200, the most confident first, with some of each pair of classes. */
  mistakes: z.array(z.object({
    /** Where the row was read: `tickets.csv:18`. */
    place: z.string(),
    /** Its original text, shortened; its tokens where it cannot be read again, and in older files. */
    text: z.string(),
    label: z.string(),
    given: z.string(),
    confidence: z.number(),
  })),
});
export type Evaluation = z.infer<typeof evaluationSchema>;

/** Describes `judgement.json`: a run's model on its own validation and test rows. */
export const evaluationsSchema = z.object({ validation: evaluationSchema, test: evaluationSchema.optional() });
export type Evaluations = z.infer<typeof evaluationsSchema>;

/** Describes a row that was given a wrong class. */
interface Mistake {
  /** The position in the labels. */
  readonly row: number;
  /** Its class. */
  readonly label: number;
  /** The class it was given. */
  readonly given: number;
  /** Probability of the class it was given. */
  readonly confidence: number;
}

const CALIBRATION_BINS = 15;

/** Measures how far probabilities are from the shares of what happens. */
export class CalibrationBins {
  readonly #bins = Array.from({ length: CALIBRATION_BINS }, () => ({ confidence: 0, right: 0, rows: 0 }));

  add(confidence: number, isRight: boolean): void {
    const bin = this.#bins[Math.min(CALIBRATION_BINS - 1, Math.floor(confidence * CALIBRATION_BINS))]!;
    bin.confidence += confidence;
    bin.rows++;
    if (isRight) bin.right++;
  }

  /** Returns the expected calibration error, and the bins that are not empty. */
  results(): Required<Pick<Evaluation, "calibrationError" | "calibration">> {
    const all = this.#bins.reduce((sum, { rows }) => sum + rows, 0);
    return {
      calibrationError: this.#bins.reduce((sum, { confidence, right }) => sum + Math.abs(confidence - right), 0) / all,
      calibration: this.#bins.filter((bin) => bin.rows > 0).map(({ confidence, right, rows }) => (
        { confidence: confidence / rows, accuracy: right / rows, rows }
      )),
    };
  }
}

/**
 * Computes the metrics of rows with classes `labels` (positions in `names`); `probabilities` is `[rows, names]`. Expects
 * at least one row. The calibration error is how far confidence lies from accuracy (Guo et al., 2017). Rows whose confidence
 * is below `threshold` are rejected, which only `answered` and `coverage` show.
 */
export function evaluatePredictions(
  names: readonly string[],
  labels: ArrayLike<number>,
  probabilities: Float32Array,
  threshold = 0,
): Omit<Evaluation, "mistakes"> {
  const [rows, width] = [labels.length, names.length];
  const mixups = new Mixups(width);
  const bins = new CalibrationBins();
  let lossSum = 0;
  for (let row = 0; row < rows; row++) {
    const label = labels[row]!;
    const given = mostProbable(probabilities, row * width, width);
    const confidence = probabilities[row * width + given]!;
    mixups.add(label, given);
    lossSum += logLoss(probabilities[row * width + label]!);
    bins.add(confidence, given === label);
  }
  const counts = mixups.counts();
  const { support, given, right } = counts;
  const f1s = f1Of(counts);
  const classes = names.map((label, i) => classMetrics(label, support[i]!, given[i]!, right[i]!, f1s[i]!));
  const confusion = mixups.matrix();
  const ranked = rankRows(labels, probabilities);
  return {
    rows,
    loss: lossSum / rows,
    accuracy: right.reduce((sum, count) => sum + count, 0) / rows,
    macroF1: macroF1(counts),
    ...bins.results(),
    ...threshold > 0 && { answered: answersAbove(ranked, threshold) },
    coverage: coverageTable(ranked),
    classes,
    ...confusion && { confusion },
    mixups: mixups.worst(),
  };
}

/**
 * Chooses at most `count` mistakes, the most confident first: a quarter are the most confident of all, and the others are
 * spread over the pairs of classes, so that each pair has its most confident ones.
 */
export function worstMistakes(labels: ArrayLike<number>, probabilities: Float32Array, count: number): Mistake[] {
  const width = labels.length === 0 ? 0 : probabilities.length / labels.length;
  const mistakes: Mistake[] = [];
  for (let row = 0; row < labels.length; row++) {
    const [label, given] = [labels[row]!, mostProbable(probabilities, row * width, width)];
    if (given !== label) mistakes.push({ row, label, given, confidence: probabilities[row * width + given]! });
  }
  if (mistakes.length > count) spread(mistakes.sort(moreConfident), width, Math.ceil(count / 4));
  return mistakes.slice(0, count).sort(moreConfident);
}

function moreConfident(a: Mistake, b: Mistake): number {
  return b.confidence - a.confidence || a.row - b.row;
}

/**
 * Moves mistakes to the front, in place: after the first `kept` come those that are the first of their pair of classes, then
 * the second ones, and so on; of equal ones those of the pairs with most rows.
 */
function spread(mistakes: Mistake[], width: number, kept: number): void {
  const rows = new Map<number, number>();
  const pairOf = ({ label, given }: Mistake) => label * width + given;
  const ranks = new Map(mistakes.map((mistake, index) => {
    const rank = rows.get(pairOf(mistake)) ?? 0;
    rows.set(pairOf(mistake), rank + 1);
    return [mistake, index < kept ? -1 : rank];
  }));
  const rank = (mistake: Mistake) => ranks.get(mistake)!;
  mistakes.sort((a, b) => rank(a) - rank(b) || rows.get(pairOf(b))! - rows.get(pairOf(a))! || moreConfident(a, b));
}

export function classMetrics(label: string, support: number, given: number, right: number, f1: number): ClassMetrics {
  const share = (whole: number) => whole === 0 ? 0 : right / whole;
  return { label, support, precision: share(given), recall: share(support), f1 };
}
