import { assertAlmostEquals, assertEquals } from "@std/assert";
import { contrastOf } from "../../lib/ngrams/contrast.ts";

/** Rows with the columns of each, and a last column that too few rows have. */
function rowsOf(rows: readonly (readonly number[])[], width: number) {
  const columns = Uint32Array.from(rows.flat());
  const offsets = Uint32Array.from([0, ...rows.map((_, row) => rows.slice(0, row + 1).flat().length)]);
  const importance = new Float32Array(width).fill(1);
  importance[width - 1] = 0;
  return { offsets, columns, values: new Float32Array(columns.length), width, importance };
}

Deno.test("contrastOf() favours features that one side has more often, by their log-count ratios", () => {
  // Feature 0 is in both sides, 1 and 2 in one each; the last row does not count.
  const weighed = rowsOf([[0, 1], [0, 1], [0, 2], [0, 2], [2, 2, 2]], 4);
  const factors = contrastOf(weighed, Uint32Array.of(0, 1, 2, 3), (row) => row < 2, 0.5);
  // Shares with one more row: 3/7, 3/7, 1/7 and 3/7, 1/7, 3/7, so ratios 0, log 3, log 3 with the mean 2/3 · log 3.
  assertAlmostEquals(factors[0]!, 0.5, 1e-12);
  assertAlmostEquals(factors[1]!, 0.5 + 0.5 * 1.5, 1e-12);
  assertAlmostEquals(factors[2]!, 0.5 + 0.5 * 1.5, 1e-12);
});

Deno.test("contrastOf() changes nothing where no feature tells the sides apart", () => {
  const weighed = rowsOf([[0, 1], [0, 1]], 3);
  assertEquals([...contrastOf(weighed, Uint32Array.of(0, 1), (row) => row === 0, 0.5)].slice(0, 2), [1, 1]);
  assertEquals([...contrastOf(rowsOf([[]], 1), Uint32Array.of(0), () => true, 0.5)], [1]);
});
