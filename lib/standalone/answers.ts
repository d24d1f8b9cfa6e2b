/** Makes the answers of predictions from probabilities. */
import { inputError } from "../base/errors.ts";
import { answerOf, type Rejection, thresholdFor } from "../model/rejection.ts";
import type { Flags, Prediction } from "./types.ts";

/** Returns the prediction for input `row`, whose probabilities are a row of `[inputs, classes]`. */
export function prediction(
  { probabilities: all, flags }: { readonly probabilities: Float32Array; readonly flags: readonly Flags[] },
  row: number,
  labels: readonly string[],
  threshold: number,
): Prediction {
  const probabilities: number[] = [];
  const first = row * labels.length;
  for (let index = 0; index < labels.length; index++) probabilities.push(all[first + index]!);
  return { ...answerOf(probabilities, labels, threshold), probabilities, ...flags[row] };
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
