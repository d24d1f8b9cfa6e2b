/** Divides rows into those that a model is fitted to and those that it is evaluated on, and computes the scores of the latter. */
import { Random, Stream } from "../base/numbers/random.ts";
import { type CountedRows, type WeighedRows, weighRows } from "./counted_rows.ts";

/** Rows that a model is fitted to, and others that it is evaluated on. */
export interface Split {
  readonly fitted: Uint32Array;
  readonly evaluated: Uint32Array;
}

export const FOLDS = 5;

/** Returns `rows` in random order. */
function shuffled(rows: Uint32Array, seed: number): Uint32Array {
  const order = rows.slice();
  new Random(seed, Stream.baseline).seek(0).shuffle(order);
  return order;
}

/** Returns a random share of `rows`, in order; all of them if it is 1 or more. */
export function someOf(rows: Uint32Array, share: number, seed: number): Uint32Array {
  return share >= 1 ? rows : shuffled(rows, seed).subarray(0, Math.ceil(share * rows.length)).sort();
}

/** Divides rows at random into groups of the same size, each of which is evaluated by a model of the others. */
export function foldsOf(rows: Uint32Array, seed: number): Split[] {
  const order = shuffled(rows, seed);
  return Array.from({ length: FOLDS }, (_, fold) => ({
    fitted: order.filter((_, position) => position % FOLDS !== fold),
    evaluated: order.filter((_, position) => position % FOLDS === fold),
  }));
}

/** Returns the evaluated rows of all splits, one split after another. */
export function evaluatedRows(splits: readonly Split[]): Uint32Array {
  return Uint32Array.from(splits.flatMap((split) => [...split.evaluated]));
}

/**
 * Computes the scores of the evaluated rows of all splits, `[rows, classes]`, by weights `[columns + 1]` that `fit` returns for
 * each of `width` scores; where there is one less than classes, that of the first class is 0. Letters have the length `lettersLength`. Returns undefined if `fit`
 * does.
 */
export function scoreRows(
  counted: CountedRows,
  { classes, width }: { readonly classes: number; readonly width: number },
  splits: readonly Split[],
  lettersLength: number,
  fit: (weighed: WeighedRows, fitted: Uint32Array, k: number) => Float64Array | undefined,
): Float32Array | undefined {
  const scores = new Float32Array(classes * evaluatedRows(splits).length);
  let before = 0;
  for (const split of splits) {
    const weighed = weighRows(counted, split.fitted, lettersLength);
    for (let k = 0; k < width; k++) {
      const weights = fit(weighed, split.fitted, k);
      if (!weights) return undefined;
      for (let at = 0; at < split.evaluated.length; at++) {
        scores[(before + at) * classes + classes - width + k] = scoreOf(weighed, split.evaluated[at]!, weights);
      }
    }
    before += split.evaluated.length;
  }
  return scores;
}

/** Returns the score of a row by `weights`, `[columns + 1]`. */
export function scoreOf({ offsets, columns, values, width }: WeighedRows, row: number, weights: Float64Array): number {
  let score = weights[width]!;
  for (let i = offsets[row]!; i < offsets[row + 1]!; i++) score += weights[columns[i]!]! * values[i]!;
  return score;
}
