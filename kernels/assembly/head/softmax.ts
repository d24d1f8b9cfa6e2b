// Computes softmax over classes, with and without cross-entropy. Logits lie in panels [panels][rows][8]; the columns beyond
// the number of classes hold -Inf, which changes neither sums nor maxima.
import { exp4 } from "../lstm/activations";

// @ts-ignore: decorator
@inline
export function horizontalSum(v: v128): f32 {
  return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1)) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

// @ts-ignore: decorator
@inline
export function horizontalMax(v: v128): f32 {
  return max(
    max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
    max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
  );
}

/** Returns the natural logarithm of a positive normal number, after fdlibm's e_log.c (relative error < 1e-15). */
export function log(x: f64): f64 {
  let bits = reinterpret<u64>(x);
  let exponent = <i32>(bits >> 52) - 1023;
  let m = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (!(x > 0) || exponent == 1024) return x;
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent++;
  }
  const f = m - 1;
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const odd = z * (0.6666666666666735130 + w * (0.2857142874366239149 + w * (0.1818357216161805012 + w * 0.1479819860511658591)));
  const even = w * (0.3999999999940941908 + w * (0.2222219843214978396 + w * 0.1531383769920937332));
  const half = 0.5 * f * f;
  const k = <f64>exponent;
  return k * 6.93147180369123816490e-01 - ((half - (s * (half + (even + odd)) + k * 1.90821492927058770002e-10)) - f);
}

/** Turns one row of logits into exp(logit - max), and returns the reciprocal of their sum; the maximum goes to `to`. */
// @ts-ignore: decorator
@inline
function exponentials(logits: usize, panelBytes: usize, end: usize, to: usize): f32 {
  let greatest = f32x4.splat(-Infinity);
  for (let at = logits; at < end; at += panelBytes) {
    greatest = f32x4.max(greatest, f32x4.max(v128.load(at), v128.load(at, 16)));
  }
  const top = f32x4.splat(horizontalMax(greatest));
  let sum = f32x4.splat(0);
  for (let at = logits; at < end; at += panelBytes) {
    const low = exp4(f32x4.sub(v128.load(at), top)), high = exp4(f32x4.sub(v128.load(at, 16), top));
    v128.store(at, low);
    v128.store(at, high, 16);
    sum = f32x4.add(sum, f32x4.add(low, high));
  }
  store<f32>(to, f32x4.extract_lane(top, 0));
  return horizontalSum(sum);
}

/**
 * Returns the sum of the cross-entropies of `rows` rows, and adds to the int32 at `correct` the number of rows whose (first)
 * maximum is their label's logit. Logits become their gradients, (softmax - one-hot) · scale, times the float32 of the row's
 * class at `weights`, if that is given. `spare` is 4 bytes.
 */
export function softmaxCrossEntropy(
  logits: usize, rows: i32, panels: i32, labels: usize, scale: f32, weights: usize, correct: usize, spare: usize,
): f64 {
  const panelBytes: usize = 32 * <usize>rows;
  let loss: f64 = 0;
  let hits = 0;
  for (let row = 0; row < rows; row++, logits += 32) {
    const end = logits + panelBytes * panels;
    const label = load<i32>(labels + 4 * <usize>row);
    const at = logits + <usize>(label >> 3) * panelBytes + 4 * <usize>(label & 7);
    const logit = load<f32>(at);
    const sum = exponentials(logits, panelBytes, end, spare);
    const top = load<f32>(spare);
    loss += log(<f64>sum) + (<f64>top - <f64>logit);
    if (logit == top && isFirst(logits, panelBytes, label)) hits++;
    const share: f32 = weights == 0 ? scale : scale * load<f32>(weights + 4 * <usize>label);
    const factor = f32x4.splat(share / sum);
    for (let p = logits; p < end; p += panelBytes) {
      v128.store(p, f32x4.mul(v128.load(p), factor));
      v128.store(p, f32x4.mul(v128.load(p, 16), factor), 16);
    }
    store<f32>(at, load<f32>(at) - share);
  }
  store<i32>(correct, load<i32>(correct) + hits);
  return loss;
}

/** Returns whether no class before `label` has exp(logit - max) = 1, that is, is a maximum too. */
function isFirst(row: usize, panelBytes: usize, label: i32): bool {
  for (let c = 0; c < label; c++) {
    if (load<f32>(row + <usize>(c >> 3) * panelBytes + 4 * <usize>(c & 7)) == 1) return false;
  }
  return true;
}

/** Writes class probabilities, row-major to[row][classes]. It overwrites the logits. */
export function softmax(logits: usize, rows: i32, panels: i32, classes: i32, to: usize, spare: usize): void {
  const panelBytes: usize = 32 * <usize>rows;
  for (let row = 0; row < rows; row++, logits += 32) {
    const factor: f32 = <f32>1 / exponentials(logits, panelBytes, logits + panelBytes * panels, spare);
    for (let c = 0; c < classes; c++, to += 4) {
      store<f32>(to, load<f32>(logits + <usize>(c >> 3) * panelBytes + 4 * <usize>(c & 7)) * factor);
    }
  }
}
