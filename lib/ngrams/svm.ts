/**
 * Fits linear support vector machines with the squared hinge loss by dual coordinate descent with shrinking: the method of
 * LIBLINEAR (Hsieh et al., "A dual coordinate descent method for large-scale linear SVM", ICML 2008). One class is
 * separated from all others at a time.
 */
import type { Random } from "../base/numbers/random.ts";

/** Sparse rows. */
export interface SparseRows {
  /** `[rows + 1]`: where the entries of each row begin. */
  readonly offsets: Uint32Array;
  readonly columns: Uint32Array;
  readonly values: Float32Array;
  /** Columns are from 0 to `width - 1`. */
  readonly width: number;
}

/** Value of the feature that all rows have, whose weight is the bias. */
const BIAS = 1;
const MOST_PASSES = 100;
/** Greatest violation of the optimality conditions at the end; that of LIBLINEAR. */
const TOLERANCE = 0.1;

/**
 * Minimizes `½|w|² + Σ cost · max(0, 1 - side · (w · x + bias))²`, where the bias is a weight as well. `rows` lists the rows
 * that count; `isPositive` tells their side, and `cost` is that of an error. Returns the weights, `[width + 1]`, with the bias
 * at the end; undefined once `stopped` returns true, which is called once a pass.
 *
 * `support` makes a fit quick: it begins from the rows that decided an earlier fit, with their dual weights, or from none.
 * Rows that have no weight and the right side of the margin are left out at once, and are not looked at again. The fit then
 * puts its own rows and weights into `support`.
 */
export function fitSeparator(
  { offsets, columns, values, width }: SparseRows,
  rows: Uint32Array,
  isPositive: (row: number) => boolean,
  cost: (row: number) => number,
  random: Random,
  stopped: () => boolean,
  support?: Map<number, number>,
): Float64Array<ArrayBuffer> | undefined {
  const weights = new Float64Array(width + 1);
  const count = rows.length;
  const alphas = new Float64Array(count);
  const curvatures = new Float64Array(count);
  const ridges = new Float64Array(count);
  const sides = new Int8Array(count);
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const row = rows[i]!;
    order[i] = i;
    sides[i] = isPositive(row) ? 1 : -1;
    ridges[i] = 0.5 / cost(row);
    alphas[i] = support?.get(row) ?? 0;
    const step = alphas[i]! * sides[i]!;
    let sum = ridges[i]! + BIAS * BIAS;
    for (let j = offsets[row]!; j < offsets[row + 1]!; j++) {
      sum += values[j]! * values[j]!;
      if (step !== 0) weights[columns[j]!]! += step * values[j]!;
    }
    weights[width]! += step * BIAS;
    curvatures[i] = sum;
  }
  let active = count;
  // A row at its bound whose gradient is above the greatest violation of the last pass is left out of the next ones.
  let bound = support && support.size > 0 ? 0 : Infinity;
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    if (stopped()) return undefined;
    random.shuffle(order.subarray(0, active));
    let [highest, lowest] = [-Infinity, Infinity];
    for (let at = 0; at < active; at++) {
      const i = order[at]!;
      const row = rows[i]!;
      const side = sides[i]!;
      const [begin, end] = [offsets[row]!, offsets[row + 1]!];
      let score = weights[width]! * BIAS;
      for (let j = begin; j < end; j++) score += weights[columns[j]!]! * values[j]!;
      const alpha = alphas[i]!;
      const gradient = score * side - 1 + alpha * ridges[i]!;
      if (alpha === 0 && gradient > bound) {
        order[at--] = order[--active]!;
        order[active] = i;
        continue;
      }
      const violation = alpha === 0 ? Math.min(0, gradient) : gradient;
      if (violation > highest) highest = violation;
      if (violation < lowest) lowest = violation;
      if (Math.abs(violation) < 1e-12) continue;
      alphas[i] = Math.max(0, alpha - gradient / curvatures[i]!);
      const step = (alphas[i]! - alpha) * side;
      for (let j = begin; j < end; j++) weights[columns[j]!]! += step * values[j]!;
      weights[width]! += step * BIAS;
    }
    if (active === 0 || highest - lowest <= TOLERANCE) {
      if (active === count || support) break;
      active = count;
      bound = Infinity;
    } else bound = support ? 0 : highest > 0 ? highest : Infinity;
  }
  support?.clear();
  alphas.forEach((alpha, i) => alpha > 0 && support?.set(rows[i]!, alpha));
  return weights;
}
