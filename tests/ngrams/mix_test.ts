import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { bestShare, createCombiner, mixInto } from "../../lib/ngrams/mix.ts";
import { Random, Stream } from "../../lib/base/random.ts";
import { plainCombination, tinyNgrams } from "./tiny_ngrams.ts";

Deno.test("createCombiner() mixes the n-grams of a slice of an array into the LSTM's probabilities", () => {
  const ngrams = tinyNgrams({ order: 4, tokens: 12, features: 76 }, 3);
  const combine = createCombiner(ngrams);
  const tokens = [9, 9, 1, 2, 3, 1, 0, 11, 5];
  const rows: [begin: number, end: number][] = [[2, 6], [6, 7], [7, 9], [0, 9], [4, 4]];
  for (const [begin, end] of rows) {
    const lstm = [0.5, 0.125, 0.375];
    const probabilities = Float32Array.from(lstm);
    combine(probabilities, tokens, begin, end);
    const plain = plainCombination(ngrams, lstm, tokens.slice(begin, end));
    plain.forEach((value, k) => assertAlmostEquals(probabilities[k]!, value, 1e-6));
    assertAlmostEquals(probabilities.reduce((sum, value) => sum + value), 1, 1e-6);
  }
});

Deno.test("mixInto() sets the first to the weighted mean", () => {
  const first = Float32Array.of(1, 0);
  mixInto(first, [0, 1], 0.75);
  assertEquals([...first], [0.75, 0.25]);
});

Deno.test("bestShare() is 1 or 0 if only one of the two is right", () => {
  const right = Float64Array.of(0.9, 0.1, 0.2, 0.8);
  const wrong = Float64Array.of(0.1, 0.9, 0.8, 0.2);
  assertEquals(bestShare(right, wrong, [0, 1]), 1);
  assertEquals(bestShare(wrong, right, [0, 1]), 0);
});

Deno.test("bestShare() finds the share that the labels were drawn with", () => {
  const random = new Random(1, Stream.heldOutData).seek(0);
  const rows = 40_000;
  const [first, second] = [new Float64Array(2 * rows), new Float64Array(2 * rows)];
  const labels = Array.from({ length: rows }, (_, row) => {
    const [a, b] = [random.uniform(), random.uniform()];
    first.set([1 - a, a], 2 * row);
    second.set([1 - b, b], 2 * row);
    return random.uniform() < 0.3 * a + 0.7 * b ? 1 : 0;
  });
  assertAlmostEquals(bestShare(first, second, labels), 0.3, 0.051);
});

Deno.test("bestShare() weights rows by their classes", () => {
  // Each is right about one class only.
  const first = Float64Array.of(0.9, 0.1, 0.9, 0.1);
  const second = Float64Array.of(0.1, 0.9, 0.1, 0.9);
  assertEquals(bestShare(first, second, [0, 1], Float32Array.of(1.9, 0.1)), 1);
  assertEquals(bestShare(first, second, [0, 1], Float32Array.of(0.1, 1.9)), 0);
});

Deno.test("bestShare() prefers the first if both are equal, or without rows", () => {
  const same = Float32Array.of(0.5, 0.5);
  assertEquals(bestShare(same, same, [0]), 1);
  assertEquals(bestShare(new Float32Array(0), new Float32Array(0), []), 1);
});

Deno.test("bestShare() accepts probabilities of 0", () => {
  const share = bestShare(Float64Array.of(1, 0, 0, 1), Float64Array.of(0, 1, 1, 0), [0, 0]);
  assert(share > 0 && share < 1, `share ${share}`);
});
