/**
 * Fits multinomial naive Bayes to weighed features (Rennie et al., "Tackling the poor assumptions of naive Bayes text
 * classifiers", ICML 2003). It needs few rows, where a support vector machine needs many (Ng and Jordan, "On discriminative
 * vs. generative classifiers", NIPS 2001), and its scores are as linear.
 */
import type { WeighedRows } from "./counted_rows.ts";

/** Value of each feature that a class has besides those of its rows. */
const SMOOTHING = 0.1;

/**
 * Returns the weights of one class, `[columns + 1]` with the bias at the end: the logarithms of the shares of each feature in
 * the rows of the class, and of the class in all `rows`; 0 for features that no row has. Scores of different classes can be
 * compared.
 */
export function naiveBayesWeights(
  { offsets, columns, values, width, importance, frequency }: WeighedRows,
  rows: Uint32Array,
  isOfClass: (row: number) => boolean,
  share: number,
): Float64Array {
  const sums = new Float64Array(width + 1);
  let [total, known] = [0, 0];
  for (const row of rows) {
    if (!isOfClass(row)) continue;
    for (let i = offsets[row]!; i < offsets[row + 1]!; i++) {
      sums[columns[i]!]! += values[i]!;
      total += values[i]!;
    }
  }
  const isKnown = (column: number) => importance[column]! > 0 && frequency[column]! > 0;
  for (let column = 0; column < width; column++) if (isKnown(column)) known++;
  const all = Math.log(total + SMOOTHING * known);
  const unseen = Math.log(SMOOTHING) - all;
  for (let column = 0; column < width; column++) {
    const sum = sums[column]!;
    sums[column] = !isKnown(column) ? 0 : sum === 0 ? unseen : Math.log(sum + SMOOTHING) - all;
  }
  sums[width] = Math.log(share);
  return sums;
}
