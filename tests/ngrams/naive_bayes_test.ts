import { assertAlmostEquals, assertEquals } from "@std/assert";
import { featureSums, naiveBayesWeights } from "../../lib/ngrams/naive_bayes.ts";

/** Rows with the columns and values of each, and a last column that too few rows have. */
function weighed(rows: readonly (readonly (readonly [column: number, value: number])[])[], width: number) {
  const entries = rows.flat();
  const importance = new Float32Array(width).fill(1);
  importance[width - 1] = 0;
  return {
    offsets: Uint32Array.from([0, ...rows.map((_, row) => rows.slice(0, row + 1).flat().length)]),
    columns: Uint32Array.from(entries, ([column]) => column),
    values: Float32Array.from(entries, ([, value]) => value),
    width,
    importance,
    frequency: Uint32Array.from(importance, (_, column) => entries.filter(([own]) => own === column).length),
  };
}

Deno.test("naiveBayesWeights() are the logarithms of smoothed shares of the features of a class", () => {
  // The second row is of another class, the last one is not fitted.
  const rows = weighed([[[0, 2], [1, 1]], [[1, 4]], [[0, 1]], [[2, 9]]], 4);
  const weights = naiveBayesWeights(rows, featureSums(rows, [0, 2]), 3);
  const all = 4 + 0.1 * 3;
  assertAlmostEquals(weights[0]!, Math.log(3.1 / all), 1e-12);
  assertAlmostEquals(weights[1]!, Math.log(1.1 / all), 1e-12);
  assertAlmostEquals(weights[2]!, Math.log(0.1 / all), 1e-12);
  assertEquals([...weights.subarray(3)], [0, Math.log(3)]);
});

Deno.test("naiveBayesWeights() of a class without rows are the same for all features", () => {
  const rows = weighed([[[0, 2], [1, 1]]], 3);
  const weights = naiveBayesWeights(rows, featureSums(rows, []), 1);
  assertAlmostEquals(weights[0]!, Math.log(1 / 2), 1e-12);
  assertAlmostEquals(weights[1]!, Math.log(1 / 2), 1e-12);
});

Deno.test("naiveBayesWeights() are 0 for a feature that only vectors make important", () => {
  const rows = weighed([[[0, 2]], [[1, 1]]], 3);
  rows.importance.fill(1);
  const weights = naiveBayesWeights(rows, featureSums(rows, [0]), 1);
  assertAlmostEquals(weights[1]!, Math.log(0.1 / (2 + 0.1 * 2)), 1e-12);
  assertEquals(weights[2], 0);
});
