/** Tests n-grams of many labels. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Random, Stream } from "../../../lib/base/numbers/random.ts";
import type { EncodedTable } from "../../../lib/data/batches/table.ts";
import { mostProbable } from "../../../lib/data/metrics.ts";
import { keysOfVocabulary } from "../../../lib/data/vocabulary/token_keys.ts";
import { predictRows } from "../../../lib/ngrams/evaluate.ts";
import { MANY_SCORES } from "../../../lib/ngrams/model.ts";
import { createNarrowFits, narrowRows } from "../../../lib/ngrams/narrow/narrow_fits.ts";
import { trainBaseline } from "../../../lib/ngrams/train.ts";

const CLASSES = MANY_SCORES;
const OTHERS = 30;
const VOCABULARY = 2 + CLASSES + OTHERS;

/** Draws rows of `labels` labels, each with a token of its own, among other tokens. */
function drawn(rows: number, seed: number, labels: number): EncodedTable {
  const random = new Random(seed, Stream.trainingData);
  const all = Array.from({ length: rows }, (_, row) => {
    random.seek(row);
    const own = [...new Set(Array.from({ length: labels }, () => random.below(CLASSES)))].sort((a, b) => a - b);
    const others = Array.from({ length: 3 }, () => 2 + CLASSES + random.below(OTHERS));
    return { own, tokens: [...own.map((label) => 2 + label), ...others] };
  });
  const ends = (lists: readonly (readonly number[])[]) => {
    let end = 0;
    return Uint32Array.from([0, ...lists.map(({ length }) => end += length)]);
  };
  return {
    tokens: Uint16Array.from(all.flatMap(({ tokens }) => tokens)),
    offsets: ends(all.map(({ tokens }) => tokens)),
    labels: Uint16Array.from(all.flatMap(({ own }) => own)),
    ...labels > 1 && { labelOffsets: ends(all.map(({ own }) => own)) },
  };
}

for (const labels of [1, 3]) {
  Deno.test(`trainBaseline() keeps some weights for each of many labels, and learns them: ${labels} a row`, () => {
    const test = drawn(200, 3, labels);
    const baseline = trainBaseline(drawn(2500, 1, labels), drawn(200, 2, labels), {
      space: { order: 2, hasEnds: true },
      classes: CLASSES,
      vocabulary: keysOfVocabulary(Array.from({ length: VOCABULARY - 2 }, (_, index) => `w${index}`), false),
      seed: 1,
      fitsValidation: true,
      metric: "log-loss",
    });
    assert(baseline);
    const { model: { sparse, weights, keys, bias }, rows } = baseline;
    assert(sparse);
    assertEquals([sparse.starts.length, sparse.starts.at(-1), bias.length], [keys.length + 1, weights.length, CLASSES]);
    assert(weights.length < 0.1 * keys.length * CLASSES, `${weights.length} weights`);
    assertEquals(rows, 2700);
    const probabilities = predictRows(baseline.model, test, () => false)!;
    const own = (row: number) => test.labelOffsets ? test.labelOffsets[row]! : row;
    let right = 0;
    for (let row = 0; row < 200; row++) {
      const best = mostProbable(probabilities, row * CLASSES, CLASSES);
      if (test.labels.subarray(own(row), own(row + 1)).includes(best)) right++;
    }
    assert(right >= 190, `${right} of 200 rows`);
  });
}

/** Rows of a label each, which say how often they have each of the columns. */
const table = [[0, [1, 2, 0, 0]], [0, [2, 1, 0, 0]], [1, [0, 1, 3, 0]], [2, [0, 1, 0, 4]]] as const;
const entries = table.map(([, counts]) => counts.flatMap((count, column) => count > 0 ? [{ column, count }] : []));
let end = 0;
const weighed = {
  offsets: Uint32Array.from([0, ...entries.map(({ length }) => end += length)]),
  columns: Uint32Array.from(entries.flat(), ({ column }) => column),
  values: Float32Array.from(entries.flat(), ({ count }) => count),
  width: 4,
  importance: new Float32Array(4).fill(1),
  frequency: Uint32Array.of(2, 4, 1, 1),
};
const fitted = Uint32Array.of(0, 1, 2, 3);
const ownOf = (k: number) => [...fitted].filter((row) => table[row]![0] === k);

Deno.test("createNarrowFits() weighs the features of a label's rows by Bayes, and no others", () => {
  const { fitBayes } = createNarrowFits(weighed, fitted, 3, ownOf);
  fitBayes(0);
  const weights = fitBayes(1);
  // Label 1 has four of the 15 features of all rows: one of the five in column 1, and all three of column 2.
  const prior = 100;
  const expected = [0, Math.log(1 + 1 / (prior * 5 / 15)), Math.log(1 + 3 / (prior * 3 / 15)), 0];
  const bias = Math.log(2 / 4) - 15 / 4 * Math.log(1 + 4 / prior);
  [...expected, bias].forEach((value, column) => assertAlmostEquals(weights[column]!, value, 1e-12));
});

Deno.test("createNarrowFits() leaves out the weakest features of labels beyond the most weights", () => {
  const { fitBayes } = createNarrowFits(weighed, fitted, 3, ownOf, 3);
  assertEquals([...fitBayes(0).subarray(0, 4)].map((weight) => weight > 0), [true, false, false, false]);
  assertEquals([...fitBayes(2).subarray(0, 4)].map((weight) => weight > 0), [false, false, false, true]);
});

Deno.test("narrowRows() adds others to the rows of a label, up to all", () => {
  assertEquals([[1, 1000], [100, 1000], [300, 1000], [1, 50]].map(([own, all]) => narrowRows(own!, all!)), [
    201,
    700,
    1000,
    50,
  ]);
});
