/**
 * Scales features by how differently the rows of a class and all others have them: the log-count ratios of naive Bayes
 * (Wang and Manning, "Baselines and bigrams: simple, good sentiment and topic classification", ACL 2012). A support vector
 * machine then needs less evidence from features that say much.
 */
import type { WeighedRows } from "./counted_rows.ts";

/**
 * Returns the factor of each feature, `[columns]`: 1 - `strength` + `strength` · its ratio's size / the mean size. The ratio is
 * between the shares that the feature has in all features of either side's rows, with one more row on each side.
 */
export function contrastOf(
  { offsets, columns, width, importance }: WeighedRows,
  rows: Uint32Array,
  isPositive: (row: number) => boolean,
  strength: number,
): Float64Array {
  const [positive, negative] = [new Float64Array(width).fill(1), new Float64Array(width).fill(1)];
  for (const row of rows) {
    const side = isPositive(row) ? positive : negative;
    for (let i = offsets[row]!; i < offsets[row + 1]!; i++) side[columns[i]!]!++;
  }
  let [ofPositive, ofNegative, known] = [0, 0, 0];
  for (let column = 0; column < width; column++) {
    if (importance[column] === 0) continue;
    ofPositive += positive[column]!;
    ofNegative += negative[column]!;
    known++;
  }
  const sizes = positive.map((count, column) =>
    Math.abs(Math.log(count / ofPositive * (ofNegative / negative[column]!)))
  );
  const mean = sizes.reduce((sum, size, column) => sum + (importance[column] === 0 ? 0 : size), 0) / known;
  return sizes.map((size) => mean > 0 ? 1 - strength + strength * size / mean : 1);
}
