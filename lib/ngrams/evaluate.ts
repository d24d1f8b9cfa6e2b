/** Predicts and evaluates rows by n-grams without an LSTM. */
import type { EncodedTable } from "../data/batches/table.ts";
import { logLoss, mostProbable } from "../data/metrics.ts";
import { createScorer, type LinearModel, softmax } from "./model.ts";

/** Rows between two calls of `stopped`. */
const STOP_EVERY = 256;

/** Returns mean cross-entropy and accuracy of `probabilities`, `[rows, classes]`. */
export function evaluateBaseline(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
): { readonly loss: number; readonly accuracy: number } {
  const classes = probabilities.length / labels.length;
  let [loss, hits] = [0, 0];
  for (let row = 0; row < labels.length; row++) {
    loss += logLoss(probabilities[row * classes + labels[row]!]!);
    if (mostProbable(probabilities, row * classes, classes) === labels[row]) hits++;
  }
  return { loss: loss / labels.length, accuracy: hits / labels.length };
}

/** Computes the probabilities of all rows of `table`, `[rows, classes]`; undefined if it was stopped. */
export function predictRows(
  model: LinearModel,
  table: EncodedTable,
  stopped: () => boolean,
): Float32Array | undefined {
  const score = createScorer(model);
  const probabilities = new Float32Array(table.labels.length * model.classes);
  const own = new Float64Array(model.classes);
  for (let row = 0; row < table.labels.length; row++) {
    if (row % STOP_EVERY === 0 && stopped()) return undefined;
    softmax(score(table, row), own);
    probabilities.set(own, row * model.classes);
  }
  return probabilities;
}
