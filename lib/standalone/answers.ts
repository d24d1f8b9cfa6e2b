/** Makes the answers of predictions from probabilities. */
import { inputError } from "../base/errors.ts";
import { answerOf, type Rejection, thresholdFor } from "../model/rejection.ts";
import type { Reasons } from "./answer_types.ts";
import type { NumberedReasons } from "./explain.ts";
import { labelsAbove, usualThresholds } from "../model/thresholds.ts";
import { topLabels } from "./top_labels.ts";
import type { Flags, Prediction } from "./types.ts";

/** Says what an answer has. */
export interface AnswerOptions {
  /** Answers with less confidence are rejected. */
  readonly threshold: number;
  /** `[labels]`: the least probability of each label, where there may be several. */
  readonly thresholds?: readonly number[] | undefined;
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
  { threshold, thresholds, top = 0, probabilities: isFull = true }: AnswerOptions,
): Prediction {
  const own = all.subarray(row * labels.length, (row + 1) * labels.length);
  const probabilities: number[] = [];
  // A loop is faster than Array.from().
  if (isFull) { for (let index = 0; index < own.length; index++) probabilities.push(own[index]!); }
  const listed = top > 0 ? { top: topLabels(own, labels, top) } : undefined;
  const explained = reasons && { reasons: named(reasons[row]!, labels) };
  const answer = thresholds ? severalOf(own, labels, thresholds) : answerOf(own, labels, threshold);
  return { ...answer, probabilities, ...listed, ...flags[row], ...explained };
}

function named({ one, other, ...reasons }: NumberedReasons, labels: readonly string[]): Reasons {
  return { label: labels[one]!, against: labels[other] ?? null, ...reasons };
}

function severalOf(
  probabilities: Float32Array,
  labels: readonly string[],
  thresholds: readonly number[],
): Pick<Prediction, "class" | "label" | "labels"> {
  const above = labelsAbove(probabilities, thresholds);
  return {
    class: null,
    label: null,
    labels: above.map((index) => ({ label: labels[index]!, probability: probabilities[index]! })),
  };
}

/** Returns an answer as JSON has it: without class and label where there may be several labels. */
export function shownAnswer(answer: Prediction, hasProbabilities = true): Partial<Prediction> {
  const { class: _class, label: _label, ...several } = answer;
  const shown = answer.labels ? several : answer;
  if (hasProbabilities) return shown;
  const { probabilities: _, ...short } = shown;
  return short;
}

/** The thresholds of a model: `several` if its rows may have several labels. */
interface ModelThresholds {
  readonly several: boolean;
  readonly labels: readonly string[];
  readonly rejection?: Rejection | undefined;
  readonly thresholds?: readonly number[] | undefined;
}

/**
 * Returns the thresholds of answers with the precision `wanted`, or the model's own without it. Throws an InputError if the
 * model does not reach it, or has a threshold for each label.
 */
export function thresholdsFor(
  { several, labels, rejection, thresholds = usualThresholds(labels.length) }: ModelThresholds,
  wanted: number | undefined,
): Pick<AnswerOptions, "threshold" | "thresholds"> {
  if (!several) return { threshold: wantedThreshold(rejection, wanted) };
  if (wanted === undefined || wanted === 0) return { threshold: 0, thresholds };
  throw inputError("reject", "`reject` is set, but each label of this model has a threshold of its own: expected 0");
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
