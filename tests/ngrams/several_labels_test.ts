/** Tests n-grams of rows that may have several labels. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { inTurns } from "../../lib/base/turns.ts";
import type { EncodedTable } from "../../lib/data/batches/table.ts";
import { keysOfVocabulary } from "../../lib/data/vocabulary/token_keys.ts";
import { Random, Stream } from "../../lib/base/numbers/random.ts";
import { createCombiner } from "../../lib/ngrams/combine.ts";
import { evaluateBaseline, predictRows } from "../../lib/ngrams/evaluate.ts";
import { fitPool, poolProbabilities } from "../../lib/ngrams/pool.ts";
import { trainBaseline } from "../../lib/ngrams/train.ts";

const CLASSES = 6;
const VOCABULARY = 40;

/** Draws rows with none to three labels, each told by one of its three tokens, among other tokens. */
function drawn(rows: number, seed: number): EncodedTable {
  const random = new Random(seed, Stream.trainingData);
  const all = Array.from({ length: rows }, (_, row) => {
    random.seek(row);
    const own = [...new Set(Array.from({ length: random.below(4) }, () => random.below(CLASSES)))].sort();
    const tokens = [
      ...own.map((label) => 2 + 3 * label + random.below(3)),
      20 + random.below(20),
      20 + random.below(20),
    ];
    return { own, tokens };
  });
  const ends = (lists: readonly (readonly number[])[]) =>
    Uint32Array.from([0, ...lists.map((_, row) => lists.slice(0, row + 1).flat().length)]);
  return {
    tokens: Uint16Array.from(all.flatMap(({ tokens }) => tokens)),
    offsets: ends(all.map(({ tokens }) => tokens)),
    labels: Uint16Array.from(all.flatMap(({ own }) => own)),
    labelOffsets: ends(all.map(({ own }) => own)),
  };
}

const options = {
  space: { order: 2, hasEnds: true },
  classes: CLASSES,
  vocabulary: keysOfVocabulary(Array.from({ length: VOCABULARY - 2 }, (_, index) => `w${index}`), false),
  seed: 1,
  fitsValidation: false,
} as const;

Deno.test("trainBaseline() learns several labels a row, by each metric", () => {
  const [training, validation, test] = [drawn(300, 1), drawn(100, 2), drawn(100, 3)];
  for (const metric of ["log-loss", "accuracy", "macro-f1"] as const) {
    const baseline = trainBaseline(training, validation, { ...options, metric });
    assert(baseline);
    assertEquals([baseline.model.labels, baseline.validation.length], ["many", 100 * CLASSES]);
    const probabilities = predictRows(baseline.model, test, () => false)!;
    const { loss } = evaluateBaseline(probabilities, test);
    // Six labels of even odds would cost 4.16 nats.
    assert(loss < 0.6, `${metric}: ${loss}`);
    const right = probabilities.reduce((count, probability, at) => {
      const [row, label] = [Math.floor(at / CLASSES), at % CLASSES];
      const own = test.labels.subarray(test.labelOffsets![row], test.labelOffsets![row + 1]);
      return count + (probability >= 0.5 === own.includes(label) ? 1 : 0);
    }, 0);
    assert(right / probabilities.length > 0.98, `${metric}: ${right}`);
  }
});

Deno.test("fitPool() of several labels finds the powers that the labels were drawn with", async () => {
  const random = new Random(5, Stream.heldOutData).seek(0);
  const [rows, a, b] = [10_000, 0.4, 0.8];
  const sigmoid = (odds: number) => 1 / (1 + Math.exp(-odds));
  const [lstm, ngrams, sets] = [new Float32Array(2 * rows), new Float32Array(2 * rows), [] as number[][]];
  for (let row = 0; row < rows; row++) {
    sets.push([0, 1].filter((label) => {
      const [one, other] = [2 * random.normal(), random.normal()];
      lstm[2 * row + label] = sigmoid(one / a);
      ngrams[2 * row + label] = sigmoid(other / b);
      return random.uniform() < sigmoid(one + other);
    }));
  }
  let end = 0;
  const labelOffsets = Uint32Array.from([0, ...sets.map(({ length }) => end += length)]);
  const pool = await inTurns(fitPool(lstm, ngrams, sets.flat(), undefined, labelOffsets));
  assertAlmostEquals(pool.lstm, a, 0.06 * a);
  assertAlmostEquals(pool.ngrams, b, 0.06 * b);
  const pooled = await inTurns(poolProbabilities(lstm, ngrams, 2, pool));
  const odds = (probability: number) => Math.log(probability / (1 - probability));
  assertAlmostEquals(odds(pooled[1]!), pool.lstm * odds(lstm[1]!) + pool.ngrams * odds(ngrams[1]!), 1e-3);
});

Deno.test("createCombiner() of several labels adds the log-odds of both models", () => {
  const baseline = trainBaseline(drawn(200, 1), drawn(50, 2), { ...options, metric: "log-loss" });
  assert(baseline);
  const table = drawn(5, 4);
  const own = predictRows(baseline.model, table, () => false)!;
  const combine = createCombiner({ model: baseline.model, exponent: 0.5, share: 0.2 });
  const lstm = Float32Array.of(0.5, 0.9, 0.1, 0, 1, 0.3);
  const expected = Array.from(lstm, (probability, label) => {
    const odds = Math.max(-16, Math.min(16, Math.log(probability / (1 - probability))));
    const ngrams = own[3 * CLASSES + label]!;
    return 1 / (1 + Math.exp(-(Math.log(ngrams / (1 - ngrams)) + 0.5 * odds)));
  });
  combine(lstm, table, 3);
  lstm.forEach((probability, label) => assertAlmostEquals(probability, expected[label]!, 1e-4));
});
