/** How well a classifier does on rows whose labels are known: the figures that the field reads. */
import { logLoss, mostProbable } from "../data/metrics.ts";
import { type Mixup, Mixups } from "./mixups.ts";

export interface ClassReport {
  readonly label: string;
  /** Rows of this class. */
  readonly support: number;
  /** Of the rows that were given this class, the share that is of it; 0 where none was given. */
  readonly precision: number;
  /** Of the rows of this class, the share that was given it; 0 where there is none. */
  readonly recall: number;
  /** Harmonic mean of precision and recall. */
  readonly f1: number;
}

export interface Evaluation {
  readonly rows: number;
  /** Mean cross-entropy in nats. */
  readonly loss: number;
  readonly accuracy: number;
  /** Mean of the F1 of the classes that have rows. */
  readonly macroF1: number;
  /** Expected calibration error: how far confidence lies from accuracy, over 15 equal bins (Guo et al., 2017). */
  readonly calibrationError: number;
  readonly classes: readonly ClassReport[];
  /** `[class of the row][class it was given]`: rows. Left out where there are many classes. */
  readonly confusion?: readonly (readonly number[])[];
  /** The pairs of classes that are mixed up most, the worst first. */
  readonly mixups: readonly Mixup[];
}

/** A row that was given a wrong class. */
export interface Mistake {
  /** Its number, as in the labels. */
  readonly row: number;
  /** Its class. */
  readonly label: number;
  /** The class it was given. */
  readonly given: number;
  /** Probability of the class it was given. */
  readonly confidence: number;
}

const CALIBRATION_BINS = 15;

/** Of rows with classes `labels` (positions in `names`); `probabilities` is `[rows, names]`. Needs at least one row. */
export function evaluatePredictions(
  names: readonly string[],
  labels: ArrayLike<number>,
  probabilities: Float32Array,
): Evaluation {
  const [rows, width] = [labels.length, names.length];
  const mixups = new Mixups(width);
  const bins = Array.from({ length: CALIBRATION_BINS }, () => ({ confidence: 0, correct: 0 }));
  let lossSum = 0;
  for (let row = 0; row < rows; row++) {
    const label = labels[row]!;
    const given = mostProbable(probabilities, row * width, width);
    const confidence = probabilities[row * width + given]!;
    mixups.add(label, given);
    lossSum += logLoss(probabilities[row * width + label]!);
    const bin = bins[Math.min(CALIBRATION_BINS - 1, Math.floor(confidence * CALIBRATION_BINS))]!;
    bin.confidence += confidence;
    if (given === label) bin.correct++;
  }
  const { support, given, right } = mixups.counts();
  const classes = names.map((label, i) => classReport(label, support[i]!, given[i]!, right[i]!));
  const confusion = mixups.matrix();
  const present = classes.filter(({ support }) => support > 0);
  return {
    rows,
    loss: lossSum / rows,
    accuracy: right.reduce((sum, count) => sum + count, 0) / rows,
    macroF1: present.reduce((sum, { f1 }) => sum + f1, 0) / present.length,
    calibrationError: bins.reduce((sum, { confidence, correct }) => sum + Math.abs(confidence - correct), 0) / rows,
    classes,
    ...confusion && { confusion },
    mixups: mixups.worst(),
  };
}

/** The mistakes that were made with most confidence, at most `count`, the worst first. */
export function worstMistakes(labels: ArrayLike<number>, probabilities: Float32Array, count: number): Mistake[] {
  const width = labels.length === 0 ? 0 : probabilities.length / labels.length;
  const mistakes: Mistake[] = [];
  for (let row = 0; row < labels.length; row++) {
    const given = mostProbable(probabilities, row * width, width);
    const label = labels[row]!;
    if (given === label) continue;
    const confidence = probabilities[row * width + given]!;
    if (mistakes.length === count && confidence <= mistakes.at(-1)!.confidence) continue;
    const place = mistakes.findIndex((mistake) => mistake.confidence < confidence);
    mistakes.splice(place < 0 ? mistakes.length : place, 0, { row, label, given, confidence });
    mistakes.length = Math.min(mistakes.length, count);
  }
  return mistakes;
}

function classReport(label: string, support: number, given: number, right: number): ClassReport {
  const share = (whole: number) => whole === 0 ? 0 : right / whole;
  const [precision, recall] = [share(given), share(support)];
  const f1 = right === 0 ? 0 : 2 * precision * recall / (precision + recall);
  return { label, support, precision, recall, f1 };
}
