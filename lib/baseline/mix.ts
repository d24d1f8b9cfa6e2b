/** The two classifiers together: a weighted mean of their probabilities, which is often better than either. */

/** Class probabilities of some rows, `[rows, classes]`, row-major. */
export type Probabilities = Float32Array | Float64Array;

const WEIGHTS = Array.from({ length: 11 }, (_, tenths) => tenths / 10);

/**
 * The share of `first` in the mean `share · first + (1 - share) · second` that has the least cross-entropy on rows of
 * `labels`, in tenths; of equals the greatest. 1 if there are no rows. The rows must be ones that neither was fitted to.
 */
export function bestShare(first: Probabilities, second: Probabilities, labels: ArrayLike<number>): number {
  const classes = first.length / labels.length;
  let best = 1;
  let least = Infinity;
  for (const share of WEIGHTS.toReversed()) {
    let loss = 0;
    for (let row = 0; row < labels.length; row++) {
      const index = row * classes + labels[row]!;
      loss -= Math.log(Math.max(Number.MIN_VALUE, share * first[index]! + (1 - share) * second[index]!));
    }
    if (loss < least) [best, least] = [share, loss];
  }
  return best;
}
