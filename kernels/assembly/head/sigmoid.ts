// Computes independent sigmoids over labels, with and without binary cross-entropy. Logits lie in panels [panels][rows][8];
// the columns beyond the number of labels hold -Inf, whose sigmoid and loss are 0.
import { exp4 } from "../lstm/activations";
import { horizontalMax, horizontalSum, log } from "./softmax";

/** Panels whose losses have one logarithm: each lane is then a product of 64 numbers from 1 to 2, which is finite. */
const PANELS = 32;

/** exp(-|x|), from which follow the sigmoid and the loss, neither of which overflows. */
// @ts-ignore: decorator
@inline
function decayOf(x: v128): v128 {
  return exp4(v128.bitselect(f32x4.neg(x), x, f32x4.gt(x, f32x4.splat(0))));
}

// @ts-ignore: decorator
@inline
function sigmoidOf(x: v128, decay: v128): v128 {
  const one = f32x4.splat(1), high = f32x4.div(one, f32x4.add(one, decay));
  return v128.bitselect(f32x4.mul(decay, high), high, f32x4.lt(x, f32x4.splat(0)));
}

// @ts-ignore: decorator
@inline
function classAt(row: usize, panelBytes: usize, label: i32): usize {
  return row + <usize>(label >> 3) * panelBytes + 4 * <usize>(label & 7);
}

/** Returns the logarithm of the product of all lanes. */
// @ts-ignore: decorator
@inline
function logOfLanes(v: v128): f64 {
  const a = <f64>f32x4.extract_lane(v, 0) * <f64>f32x4.extract_lane(v, 1);
  return log(a * (<f64>f32x4.extract_lane(v, 2) * <f64>f32x4.extract_lane(v, 3)));
}

/** Returns whether the first of the greatest logits of a row is one of its labels, which ascend from `label` to `end`. */
function isHit(row: usize, panelBytes: usize, stop: usize, label: usize, end: usize): bool {
  let greatest = f32x4.splat(-Infinity);
  for (let at = row; at < stop; at += panelBytes) {
    greatest = f32x4.max(greatest, f32x4.max(v128.load(at), v128.load(at, 16)));
  }
  const top = horizontalMax(greatest);
  for (; label < end; label += 4) {
    const number = load<i32>(label);
    if (load<f32>(classAt(row, panelBytes, number)) != top) continue;
    for (let c = 0; c < number; c++) if (load<f32>(classAt(row, panelBytes, c)) == top) return false;
    return true;
  }
  return false;
}

/**
 * Returns the sum of the binary cross-entropies of all labels of `rows` rows, and adds to the int32 at `correct` the number
 * of rows whose (first) maximum is the logit of one of their labels. Row r has the labels[offsets[r]..offsets[r + 1]), which
 * ascend. Logits become their gradients, (sigmoid - 1 for a label of the row, 0 for others) · scale: one pass over all of
 * them, and work for each label that a row has.
 */
export function sigmoidCrossEntropy(
  logits: usize, rows: i32, panels: i32, labels: usize, offsets: usize, scale: f32, correct: usize,
): f64 {
  const panelBytes: usize = 32 * <usize>rows;
  const one = f32x4.splat(1), zero = f32x4.splat(0), factor = f32x4.splat(scale);
  let loss: f64 = 0;
  let hits = 0;
  for (let row = 0; row < rows; row++, logits += 32, offsets += 4) {
    const stop = logits + panelBytes * panels;
    const begin = labels + 4 * <usize>load<i32>(offsets), end = labels + 4 * <usize>load<i32>(offsets, 4);
    if (isHit(logits, panelBytes, stop, begin, end)) hits++;
    let own: f64 = 0, ofRow: f64 = 0;
    for (let label = begin; label < end; label += 4) own += <f64>load<f32>(classAt(logits, panelBytes, load<i32>(label)));
    let product = one, positive = zero;
    let left = PANELS;
    for (let at = logits; at < stop; at += panelBytes) {
      const low = v128.load(at), high = v128.load(at, 16);
      const ofLow = decayOf(low), ofHigh = decayOf(high);
      positive = f32x4.add(positive, f32x4.add(f32x4.pmax(low, zero), f32x4.pmax(high, zero)));
      product = f32x4.mul(product, f32x4.mul(f32x4.add(one, ofLow), f32x4.add(one, ofHigh)));
      v128.store(at, f32x4.mul(sigmoidOf(low, ofLow), factor));
      v128.store(at, f32x4.mul(sigmoidOf(high, ofHigh), factor), 16);
      if (--left > 0) continue;
      ofRow += logOfLanes(product);
      product = one;
      left = PANELS;
    }
    ofRow += logOfLanes(product);
    loss += ofRow + <f64>horizontalSum(positive) - own;
    for (let label = begin; label < end; label += 4) {
      const at = classAt(logits, panelBytes, load<i32>(label));
      store<f32>(at, load<f32>(at) - scale);
    }
  }
  store<i32>(correct, load<i32>(correct) + hits);
  return loss;
}

/** Writes the probabilities of labels, row-major to[row][classes]. It overwrites the logits. */
export function sigmoids(logits: usize, rows: i32, panels: i32, classes: i32, to: usize): void {
  const panelBytes: usize = 32 * <usize>rows, stop = logits + panelBytes * panels;
  for (let at = logits; at < stop; at += 16) v128.store(at, sigmoidOf(v128.load(at), decayOf(v128.load(at))));
  for (let row = 0; row < rows; row++, logits += 32) {
    for (let c = 0; c < classes; c++, to += 4) store<f32>(to, load<f32>(classAt(logits, panelBytes, c)));
  }
}
