import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { type BaselineModel, classify, createBagger } from "../../lib/ngrams/model.ts";
import { mostProbable } from "../../lib/data/metrics.ts";
import { type BaselineOptions, smoothedLoss, trainBaseline, visitsFor } from "../../lib/ngrams/train.ts";
import type { EncodedTable } from "../../lib/data/batches/table.ts";
import { Random, Stream } from "../../lib/base/random.ts";

type Row = readonly [tokens: readonly number[], label: number];

function tableOf(rows: readonly Row[]): EncodedTable {
  const offsets = [0];
  for (const [tokens] of rows) offsets.push(offsets.at(-1)! + tokens.length);
  return {
    tokens: Uint16Array.from(rows.flatMap(([tokens]) => tokens)),
    offsets: Uint32Array.from(offsets),
    labels: Uint16Array.from(rows, ([, label]) => label),
  };
}

/** Returns `count` rows of 1 to 12 random tokens from 4 to `vocabulary - 1`, changed and labelled by `finish`. */
function randomRows(
  count: number,
  vocabulary: number,
  seed: number,
  finish: (tokens: number[], random: Random) => number,
): Row[] {
  const random = new Random(seed, Stream.trainingData);
  return Array.from({ length: count }, (_, index): Row => {
    random.seek(index);
    const tokens = Array.from({ length: 1 + random.below(12) }, () => 4 + random.below(vocabulary - 4));
    return [tokens, finish(tokens, random)];
  });
}

/** Returns the function that gives the class probabilities of a row in a new array. */
function predictorOf(model: BaselineModel): (tokens: readonly number[]) => Float64Array {
  const bag = createBagger(model);
  return (tokens) => {
    const probabilities = new Float64Array(model.classes);
    classify(model, bag(tokens, 0, tokens.length), probabilities);
    return probabilities;
  };
}

function accuracy(model: BaselineModel, rows: readonly Row[]): number {
  const predict = predictorOf(model);
  return rows.filter(([tokens, label]) => mostProbable(predict(tokens)) === label).length / rows.length;
}

function train(rows: readonly Row[], validation: readonly Row[], options: Partial<BaselineOptions> = {}) {
  const baseline = trainBaseline(tableOf(rows), tableOf(validation), {
    classes: 2,
    vocabulary: 1000,
    seed: 1,
    ...options,
  });
  assert(baseline);
  return baseline;
}

/** Puts the token 1, 2 or 3, which says the class, somewhere among the others. */
const keyword = (tokens: number[], random: Random): number => {
  const label = random.below(3);
  tokens[random.below(tokens.length)] = 1 + label;
  return label;
};

/** Inserts tokens 1 and 2 side by side; their order says the class. */
const orderOfPair = (tokens: number[], random: Random): number => {
  const label = random.below(2);
  tokens.splice(random.below(tokens.length + 1), 0, ...(label ? [1, 2] : [2, 1]));
  return label;
};

Deno.test("trainBaseline() learns which token says the class, and measures the validation rows", () => {
  const rows = randomRows(1200, 1000, 1, keyword);
  const [training, validation] = [rows.slice(0, 800), rows.slice(800)];
  const { model, validation: metrics } = train(training, validation, { classes: 3 });
  assert(metrics.accuracy > 0.97, `accuracy ${metrics.accuracy}`);
  assertEquals(metrics.accuracy, accuracy(model, validation));
  const predict = predictorOf(model);
  const loss = validation.reduce((sum, [tokens, label]) => sum - Math.log(predict(tokens)[label]!), 0);
  assertAlmostEquals(metrics.loss, loss / validation.length, 1e-12);
});

for (const vocabulary of [1000, 100]) {
  Deno.test(`trainBaseline() learns the order of two tokens in a vocabulary of ${vocabulary}`, () => {
    const rows = randomRows(1200, vocabulary, 2, orderOfPair);
    const { validation } = train(rows.slice(0, 800), rows.slice(800), { vocabulary });
    assert(validation.accuracy > 0.95, `accuracy ${validation.accuracy}`);
  });
}

Deno.test("trainBaseline() learns from the last character, where no longer n-gram begins", () => {
  const rows = randomRows(1200, 30, 3, (tokens) => {
    tokens.push(4 + tokens[0]! % 2);
    return tokens.at(-1)! - 4;
  });
  const { validation } = train(rows.slice(0, 800), rows.slice(800), { vocabulary: 30 });
  assert(validation.accuracy > 0.95, `accuracy ${validation.accuracy}`);
});

Deno.test("trainBaseline() returns the same bits for the same seed, and others for another", () => {
  const rows = randomRows(300, 1000, 4, keyword);
  const weights = (seed: number) => train(rows, rows.slice(0, 50), { classes: 3, seed }).model.weights;
  assertEquals(weights(1), weights(1));
  assert(weights(1).some((value, index) => value !== weights(2)[index]));
});

Deno.test("trainBaseline() accepts rows of one or no token, classes with one row, and no validation rows", () => {
  const rows: Row[] = [[[1], 0], [[2], 1], [[], 1], [[1], 0], [[2], 1], [[3], 2], [[1], 0]];
  const { model, validation } = train(rows, [], { classes: 4 });
  assertEquals(validation, { loss: NaN, accuracy: NaN });
  const predict = predictorOf(model);
  assertEquals([[1], [2], [3]].map((tokens) => mostProbable(predict(tokens))), [0, 1, 2]);
  for (const tokens of [[], [999], [1, 2, 3]]) {
    assertAlmostEquals(predict(tokens).reduce((sum, value) => sum + value), 1, 1e-12);
  }
});

Deno.test("trainBaseline() ignores unknown n-grams", () => {
  const rows = randomRows(300, 500, 5, keyword);
  const { model } = train(rows, rows, { classes: 3, vocabulary: 1000 });
  const predict = predictorOf(model);
  // Tokens from 500 on are in no row; each pair of them may share its feature with a known one, by its hash.
  const far = predict([1, 700, 701, 702, 703, 704]);
  assertEquals(mostProbable(far), 0);
});

/** Returns 2,000 rows. Every tenth is of class 1; half of those and a tenth of the others have the token 1. */
const rareRows = (seed: number) => {
  let [row, common, rare] = [0, 0, 0];
  return randomRows(2000, 12, seed, (tokens) => {
    const label = row++ % 10 === 0 ? 1 : 0;
    tokens.length = 1;
    if (label === 1 ? rare++ % 2 === 0 : common++ % 10 === 0) tokens.unshift(1);
    return label;
  });
};
const recall = (model: BaselineModel, rows: readonly Row[], label: number) =>
  accuracy(model, rows.filter((row) => row[1] === label));

Deno.test("trainBaseline() predicts a rare class from a weak sign only with class weights", () => {
  const [training, validation] = [rareRows(8), rareRows(9)];
  const plain = train(training, validation);
  assert(recall(plain.model, validation, 1) < 0.2, `recall ${recall(plain.model, validation, 1)}`);
  const { model } = train(training, validation, { classWeights: Float32Array.of(0.5 / 0.9, 0.5 / 0.1) });
  assert(recall(model, validation, 1) >= 0.5, `recall ${recall(model, validation, 1)}`);
  assert(recall(model, validation, 0) > 0.6, `recall ${recall(model, validation, 0)}`);
});

Deno.test("trainBaseline() is calibrated for few rows of many classes", () => {
  const rows = randomRows(200, 1000, 10, (tokens, random) => {
    const label = random.below(20);
    tokens[random.below(tokens.length)] = 4 + label;
    return label;
  });
  const [training, validation, test] = [rows.slice(0, 80), rows.slice(80, 120), rows.slice(120)];
  const { model } = train(training, validation, { classes: 20 });
  const predict = predictorOf(model);
  const sureness = test.reduce((sum, [tokens]) => sum + Math.max(...predict(tokens)), 0) / test.length;
  assertAlmostEquals(sureness, accuracy(model, test), 0.2);
});

Deno.test("smoothedLoss() doubts few rows more than many, and equals the cross-entropy for very many", () => {
  assertAlmostEquals(smoothedLoss(0.7, 1e12, 5), -Math.log(0.7), 1e-9);
  const sure = (rows: number) => smoothedLoss(1 - 1e-6, rows, 5) - smoothedLoss(0.9, rows, 5);
  assert(sure(2) > 0 && sure(1000) < 0);
});

Deno.test("trainBaseline() ends without a result at any call of stopped() that returns true", () => {
  const rows = randomRows(1500, 1000, 6, keyword);
  const table = tableOf(rows);
  const options = { classes: 3, vocabulary: 1000, seed: 1 };
  let calls = 0;
  trainBaseline(table, table, { ...options, stopped: () => ++calls < 0 });
  assert(calls > 20, `${calls} calls`);
  for (const last of [1, 2, 3, 5, calls - 1, calls]) {
    let asked = 0;
    assertEquals(trainBaseline(table, table, { ...options, stopped: () => ++asked === last }), undefined);
    assertEquals(asked, last);
  }
});

Deno.test("trainBaseline() returns a model that can be posted to another thread", () => {
  const rows = randomRows(100, 1000, 7, keyword);
  const { model } = train(rows, rows, { classes: 3 });
  const [tokens] = rows[0]!;
  assertEquals(predictorOf(structuredClone(model))(tokens), predictorOf(model)(tokens));
});

Deno.test("visitsFor() visits few rows ten times, and bounds the work of any number", () => {
  assertEquals(visitsFor(5000, 100_000, 2, 2), 50_000);
  for (const rows of [1e5, 1e6, 1e7]) {
    for (const [length, order, classes] of [[10, 4, 20], [50, 2, 4], [500, 2, 1000]] as const) {
      const visits = visitsFor(rows, rows * length, order, classes);
      assert(visits > 0 && visits * length * order * (classes + 8) < 1.01e9, `${rows} rows of ${length}: ${visits}`);
    }
  }
});
