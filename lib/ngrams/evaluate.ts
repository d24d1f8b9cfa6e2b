/** Predicts and evaluates rows by n-grams without an LSTM. */
import { type EncodedTable, type RowLabels, rowsOf } from "../data/batches/table.ts";
import { logLoss, sigmoid } from "../data/metrics.ts";
import { labelledRows, labelsAt, severalLoss, shareRight } from "../data/several.ts";
import { createScorer, type LinearModel, softmax } from "./model.ts";

/** Rows between two calls of `stopped`. */
const STOP_EVERY = 256;

/**
 * Returns mean cross-entropy and accuracy of `probabilities`, `[rows, classes]`: the share of the rows whose most probable class
 * is their label, or one of theirs.
 */
export function evaluateBaseline(
  probabilities: ArrayLike<number>,
  labelled: RowLabels,
): { readonly loss: number; readonly accuracy: number } {
  const rows = labelledRows(labelled);
  const classes = probabilities.length / rows;
  let loss = 0;
  for (let row = 0; row < rows; row++) {
    const own = labelsAt(labelled, row);
    loss += labelled.labelOffsets
      ? severalLoss(own, probabilities, row * classes, classes)
      : logLoss(probabilities[row * classes + own[0]!]!);
  }
  return { loss: loss / rows, accuracy: shareRight(labelled, probabilities, classes) };
}

/** Computes the probabilities of all rows of `table`, `[rows, classes]`; undefined if it was stopped. */
export function predictRows(
  model: LinearModel,
  table: EncodedTable,
  stopped: () => boolean,
): Float32Array | undefined {
  const score = createScorer(model);
  const rows = rowsOf(table);
  const probabilities = new Float32Array(rows * model.classes);
  const own = new Float64Array(model.classes);
  for (let row = 0; row < rows; row++) {
    if (row % STOP_EVERY === 0 && stopped()) return undefined;
    const scores = score(table, row);
    if (!model.labels) softmax(scores, own);
    probabilities.set(model.labels ? scores.map(sigmoid) : own, row * model.classes);
  }
  return probabilities;
}
