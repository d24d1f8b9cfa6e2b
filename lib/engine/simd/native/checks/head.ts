/** Checks the kernels of kernels/assembly/head. */
import type { SimdKernels } from "../../bindings.gen.ts";
import type { Bounds } from "../bounds.ts";

type Names =
  | "poolMean"
  | "poolMeanBackward"
  | "poolMax"
  | "poolMaxBackward"
  | "softmaxCrossEntropy"
  | "softmax"
  | "sigmoidCrossEntropy"
  | "sigmoids";

/** Checks a list of first steps, if it is given. */
function checkStarts(bounds: Bounds, starts: number, rows: number, length: number): void {
  if (starts !== 0) bounds.rowsBelow(starts, rows, length + 1);
}

export function checkedHead(kernels: SimdKernels, bounds: Bounds): Pick<SimdKernels, Names> {
  return {
    poolMean(states, stateRow, rows, length, panels, starts, to, toRow) {
      checkStarts(bounds, starts, rows, length);
      bounds.matrix(states, 32, stateRow, rows * length, panels);
      bounds.matrix(to, 32, toRow, rows, panels);
      kernels.poolMean(states, stateRow, rows, length, panels, starts, to, toRow);
    },
    poolMeanBackward(gradient, rows, length, panels, starts, to, panelBytes) {
      checkStarts(bounds, starts, rows, length);
      bounds.span(gradient, 32 * rows * panels);
      bounds.pieces(to, panelBytes, panels, 32 * rows * length);
      kernels.poolMeanBackward(gradient, rows, length, panels, starts, to, panelBytes);
    },
    poolMax(states, stateRow, rows, length, panels, starts, backward, to, toRow, winners) {
      checkStarts(bounds, starts, rows, length);
      bounds.matrix(states, 32, stateRow, rows * length, panels);
      bounds.matrix(to, 32, toRow, rows, panels);
      bounds.span(winners, 32 * rows * panels);
      kernels.poolMax(states, stateRow, rows, length, panels, starts, backward, to, toRow, winners);
    },
    poolMaxBackward(gradient, winners, rows, length, panels, to, panelBytes) {
      bounds.span(gradient, 32 * rows * panels);
      bounds.span(winners, 32 * rows * panels);
      bounds.pieces(to, panelBytes, panels, 32 * rows * length);
      kernels.poolMaxBackward(gradient, winners, rows, length, panels, to, panelBytes);
    },
    softmaxCrossEntropy(logits, rows, panels, labels, scale, weights, correct, spare) {
      bounds.span(logits, 32 * rows * panels);
      bounds.rowsBelow(labels, rows, 8 * panels);
      if (weights !== 0) bounds.span(weights, 4 * bounds.rows(labels, rows));
      bounds.span(correct, 4);
      bounds.span(spare, 4);
      return kernels.softmaxCrossEntropy(logits, rows, panels, labels, scale, weights, correct, spare);
    },
    softmax(logits, rows, panels, classes, to, spare) {
      if (classes > 8 * panels) throw new RangeError(`classes is ${classes}: expected at most ${8 * panels}`);
      bounds.span(logits, 32 * rows * panels);
      bounds.span(to, 4 * rows * classes);
      bounds.span(spare, 4);
      kernels.softmax(logits, rows, panels, classes, to, spare);
    },
    sigmoidCrossEntropy(logits, rows, panels, labels, offsets, scale, correct) {
      bounds.span(logits, 32 * rows * panels);
      bounds.slices(offsets, rows, labels, 8 * panels);
      bounds.span(correct, 4);
      return kernels.sigmoidCrossEntropy(logits, rows, panels, labels, offsets, scale, correct);
    },
    sigmoids(logits, rows, panels, classes, to) {
      if (classes > 8 * panels) throw new RangeError(`classes is ${classes}: expected at most ${8 * panels}`);
      bounds.span(logits, 32 * rows * panels);
      bounds.span(to, 4 * rows * classes);
      kernels.sigmoids(logits, rows, panels, classes, to);
    },
  };
}
