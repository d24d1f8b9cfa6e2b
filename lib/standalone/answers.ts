/** Makes the answers of predictions from probabilities. */
import { inputError } from "../base/errors.ts";
import { answerOf, type Rejection, thresholdFor } from "../model/rejection.ts";
import type { Reasons } from "./answer_types.ts";
import type { NumberedReasons } from "./explain.ts";
import { topLabels } from "./top_labels.ts";
import type { Flags, Prediction } from "./types.ts";

/** Says what an answer has. */
export interface AnswerOptions {
  /** Answers with less confidence are rejected. */
  readonly threshold: number;
  /** The number of most probable labels that are listed. */
  readonly top?: number | undefined;
  /** False leaves the list of all probabilities empty. */
  readonly probabilities?: boolean | undefined;
}

/** Returns the prediction for input `row`, whose probabilities are a row of `[inputs, classes]`. */
export function prediction(
  { probabilities: all, flags, reasons }: {
    readonly probabilities: Float32Array;
    readonly flags: readonly Flags[];
    /** `[inputs]`, if they are explained. */
    readonly reasons?: readonly NumberedReasons[] | undefined;
  },
  row: number,
  labels: readonly string[],
  { threshold, top = 0, probabilities: isFull = true }: AnswerOptions,
): Prediction {
  const own = all.subarray(row * labels.length, (row + 1) * labels.length);
  const probabilities: number[] = [];
  // A loop is faster than Array.from().
  if (isFull) { for (let index = 0; index < own.length; index++) probabilities.push(own[index]!); }
  const listed = top > 0 ? { top: topLabels(own, labels, top) } : undefined;
  const explained = reasons && { reasons: named(reasons[row]!, labels) };
  return { ...answerOf(own, labels, threshold), probabilities, ...listed, ...flags[row], ...explained };
}

function named({ one, other, ...reasons }: NumberedReasons, labels: readonly string[]): Reasons {
  return { label: labels[one]!, against: labels[other]!, ...reasons };
}

/**
 * Returns the threshold for the precision `wanted`, or the model's own without it. Throws an InputError if the model does
 * not reach it.
 */
export function wantedThreshold(rejection: Rejection | undefined, wanted: number | undefined): number {
  if (wanted === undefined) return rejection?.threshold ?? 0;
  try {
    return thresholdFor(rejection?.points, wanted);
  } catch (error) {
    if (error instanceof RangeError) throw inputError("reject", error.message);
    throw error;
  }
}
