/**
 * Decides which rows get no answer: those whose most probable class has less probability than a threshold, which validation
 * rows chose.
 */

import { mostProbable } from "../data/metrics.ts";

/** A threshold, and what it did on the validation rows. */
export interface RejectionPoint {
  /** Least confidence of an answer. */
  readonly threshold: number;
  /** Share of these answers that are right, as if one more were wrong. */
  readonly precision: number;
  /** Share of the rows that get one. */
  readonly coverage: number;
}

/** The thresholds of a model. */
export interface Rejection {
  /** The one that it has by default: 0 rejects nothing. */
  readonly threshold: number;
  /** In ascending order of threshold and precision. */
  readonly points: readonly RejectionPoint[];
}

/** The answer to a row, whose class and label are null if it is rejected. */
export interface RowAnswer {
  /** Position in the labels. */
  readonly class: number | null;
  readonly label: string | null;
  /** The most probable class of a rejected row. */
  readonly rejected?: {
    readonly class: number;
    readonly label: string;
    readonly probability: number;
    readonly threshold: number;
  };
}

/** Answers a row by its probabilities, `[labels]`, and rejects it if the greatest is below `threshold`. */
export function answerOf(
  probabilities: ArrayLike<number>,
  labels: readonly string[],
  threshold: number,
): RowAnswer {
  const best = mostProbable(probabilities);
  const [label, probability] = [labels[best]!, probabilities[best]!];
  if (probability >= threshold) return { class: best, label };
  return { class: null, label: null, rejected: { class: best, label, probability, threshold } };
}

/** Returns the least threshold with the precision `wanted` (0: answer everything); throws a RangeError if there is none. */
export function thresholdFor(points: readonly RejectionPoint[] | undefined, wanted: number): number {
  if (wanted === 0) return 0;
  if (!points || points.length === 0) {
    throw new RangeError(`\`reject\` is ${wanted}: expected 0, as this model has no thresholds for a wanted precision`);
  }
  const point = points.find(({ precision }) => precision >= wanted);
  if (point) return point.threshold;
  const { precision, coverage } = points[points.length - 1]!;
  // Rounded down, so that what the message names can be reached.
  const most = Math.floor(1000 * precision) / 1000;
  throw new RangeError(
    `\`reject\` is ${wanted}: expected at most ${most}, the highest precision on the model's validation rows, ` +
      `where it answers ${(100 * coverage).toFixed(1)}% of them`,
  );
}
