import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { keysOfVocabulary } from "../../lib/data/vocabulary/token_keys.ts";
import { foldWordFeatures, keyOf, withWordFeatures, wordFeatures } from "../../lib/ngrams/word_features.ts";
import type { SparseRows } from "../../lib/ngrams/svm.ts";

const vocabulary = keysOfVocabulary(["ant", "bee", "cat"], true);
// "ant" has no vector, and that of "cat" is 0.
const vectors = { first: 3, width: 2, ofRows: 2, values: Float32Array.of(3, 4, 0, 0) };
// A pair, then "cat" and "bee".
const features = wordFeatures(Uint32Array.of(7, keyOf(vocabulary, 4), keyOf(vocabulary, 3)), vocabulary, vectors);
const rows: SparseRows = {
  offsets: Uint32Array.of(0, 2, 3, 3),
  columns: Uint32Array.of(0, 2, 2),
  values: Float32Array.of(1, 0.5, 2),
  width: 3,
};

function scoreOf({ offsets, columns, values, width }: SparseRows, weights: Float64Array, row: number): number {
  let score = weights[width]!;
  for (let i = offsets[row]!; i < offsets[row + 1]!; i++) score += values[i]! * weights[columns[i]!]!;
  return score;
}

Deno.test("wordFeatures() finds the vectors of the columns that are words, of length 1", () => {
  assertEquals([...features.wordOf], [-1, 1, 0]);
  assertEquals([...features.vectors], [...Float32Array.of(0.6, 0.8, 0, 0)]);
});

Deno.test("withWordFeatures() adds sums of vectors, whose mean square over the fitted rows is 1", () => {
  const sharing = withWordFeatures(rows, Uint32Array.of(1), features);
  assertEquals(sharing.width, 5);
  assertAlmostEquals(sharing.scale, 0.5, 1e-6);
  assertEquals([...sharing.offsets], [0, 4, 7, 9]);
  assertEquals([...sharing.columns], [0, 2, 3, 4, 2, 3, 4, 3, 4]);
  const expected = [1, 0.5, 0.15, 0.2, 2, 0.6, 0.8, 0, 0];
  expected.forEach((value, i) => assertAlmostEquals(sharing.values[i]!, value, 1e-6));
  assertEquals(withWordFeatures(rows, Uint32Array.of(2), features).scale, 0);
});

Deno.test("foldWordFeatures() gives the scores of rows with vectors to rows without them", () => {
  const sharing = withWordFeatures(rows, Uint32Array.of(0, 1, 2), features);
  const weights = Float64Array.of(0.3, -0.7, 0.2, 1.1, -0.4, 0.6);
  const folded = foldWordFeatures(weights, features, sharing.scale);
  assertEquals(folded.length, 4);
  for (let row = 0; row < 3; row++) {
    assertAlmostEquals(scoreOf(rows, folded, row), scoreOf(sharing, weights, row), 1e-6);
  }
  assert(scoreOf(sharing, weights, 1) !== scoreOf(rows, weights, 1));
});
