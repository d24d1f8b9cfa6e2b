/**
 * Fits multinomial naive Bayes to weighed features (Rennie et al., "Tackling the poor assumptions of naive Bayes text
 * classifiers", ICML 2003). It needs few rows, where a support vector machine needs many (Ng and Jordan, "On discriminative
 * vs. generative classifiers", NIPS 2001), and its scores are as linear.
 */
import type { WeighedRows } from "./counted_rows.ts";

/** Value of each feature that a class has besides those of its rows. */
const SMOOTHING = 0.1;

/** Sums the values of each feature in `rows`, `[columns + 1]` with the sum of all at the end. */
export function featureSums({ offsets, columns, values, width }: WeighedRows, rows: Iterable<number>): Float64Array {
  const sums = new Float64Array(width + 1);
  for (const row of rows) {
    for (let i = offsets[row]!; i < offsets[row + 1]!; i++) {
      sums[columns[i]!]! += values[i]!;
      sums[width]! += values[i]!;
    }
  }
  return sums;
}

/**
 * Returns the weights of one class, `[columns + 1]` with the bias at the end: the logarithms of the shares of each feature in
 * the `sums` of the rows of the class, and of the class in all rows, `share`; 0 for features that no row has. Scores of
 * different classes can be compared.
 */
export function naiveBayesWeights(
  { width, importance, frequency }: WeighedRows,
  sums: Float64Array,
  share: number,
): Float64Array {
  const weights = new Float64Array(width + 1);
  let known = 0;
  const isKnown = (column: number) => importance[column]! > 0 && frequency[column]! > 0;
  for (let column = 0; column < width; column++) if (isKnown(column)) known++;
  const all = Math.log(sums[width]! + SMOOTHING * known);
  const unseen = Math.log(SMOOTHING) - all;
  for (let column = 0; column < width; column++) {
    const sum = sums[column]!;
    weights[column] = !isKnown(column) ? 0 : sum === 0 ? unseen : Math.log(sum + SMOOTHING) - all;
  }
  weights[width] = Math.log(share);
  return weights;
}
