import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { createScorer, type LinearModel, softmax } from "../../lib/ngrams/model.ts";
import { answersF1 } from "../../lib/data/class_counts.ts";
import { mostProbable } from "../../lib/data/metrics.ts";
import { keysOfVocabulary, type TokenKeys } from "../../lib/data/vocabulary/token_keys.ts";
import { ngramSpace } from "../../lib/ngrams/features.ts";
import { evaluateBaseline, predictRows } from "../../lib/ngrams/evaluate.ts";
import { type BaselineOptions, trainBaseline } from "../../lib/ngrams/train.ts";
import type { EncodedTable } from "../../lib/data/batches/table.ts";
import { Random, Stream } from "../../lib/base/numbers/random.ts";

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

/** Returns `count` rows of 1 to 12 random tokens from 5 to `vocabulary - 1`, changed and labelled by `finish`. */
function randomRows(
  count: number,
  vocabulary: number,
  seed: number,
  finish: (tokens: number[], random: Random) => number,
): Row[] {
  const random = new Random(seed, Stream.trainingData);
  return Array.from({ length: count }, (_, index): Row => {
    random.seek(index);
    const tokens = Array.from({ length: 1 + random.below(12) }, () => 5 + random.below(vocabulary - 5));
    return [tokens, finish(tokens, random)];
  });
}

/** Returns the function that gives the class probabilities of a row in a new array. */
function predictorOf(model: LinearModel): (tokens: readonly number[]) => Float64Array {
  const score = createScorer(model);
  return (tokens) => {
    const probabilities = new Float64Array(model.classes);
    softmax(score({ tokens, offsets: [0, tokens.length] }, 0), probabilities);
    return probabilities;
  };
}

function accuracy(model: LinearModel, rows: readonly Row[]): number {
  const predict = predictorOf(model);
  return rows.filter(([tokens, label]) => mostProbable(predict(tokens)) === label).length / rows.length;
}

/** Options for codes: their names are numbers, and tokens from 0 on are known. */
function optionsOf(vocabulary: number, some: Partial<BaselineOptions> = {}): BaselineOptions {
  const names = Array.from({ length: vocabulary }, (_, token) => `${token}`);
  return {
    space: ngramSpace("codes", vocabulary),
    classes: 2,
    vocabulary: keysOfVocabulary(names.slice(2), false),
    seed: 1,
    fitsValidation: false,
    metric: "log-loss",
    ...some,
  };
}

function train(
  rows: readonly Row[],
  validation: readonly Row[],
  { vocabulary = 1000, keys, ...some }: Partial<Omit<BaselineOptions, "vocabulary">> & {
    readonly vocabulary?: number;
    readonly keys?: TokenKeys;
  } = {},
) {
  const table = tableOf(validation);
  const options = optionsOf(vocabulary, some);
  const baseline = trainBaseline(tableOf(rows), table, keys ? { ...options, vocabulary: keys } : options);
  assert(baseline);
  return { ...baseline, metrics: evaluateBaseline(baseline.validation, table) };
}

/** Puts the token 2, 3 or 4, which says the class, somewhere among the others. */
const keyword = (tokens: number[], random: Random): number => {
  const label = random.below(3);
  tokens[random.below(tokens.length)] = 2 + label;
  return label;
};

/** Inserts tokens 2 and 3 side by side; their order says the class. */
const orderOfPair = (tokens: number[], random: Random): number => {
  const label = random.below(2);
  tokens.splice(random.below(tokens.length + 1), 0, ...(label ? [2, 3] : [3, 2]));
  return label;
};

Deno.test("trainBaseline() learns which token says the class, and predicts the validation rows", () => {
  const rows = randomRows(1200, 1000, 1, keyword);
  const [training, validation] = [rows.slice(0, 800), rows.slice(800)];
  const { model, metrics, validation: probabilities } = train(training, validation, { classes: 3 });
  assert(metrics.accuracy > 0.97, `accuracy ${metrics.accuracy}`);
  assertAlmostEquals(metrics.accuracy, accuracy(model, validation), 0.01);
  assertEquals(probabilities.length, 3 * validation.length);
});

Deno.test("predictRows() has the probabilities of each row, evaluateBaseline() their metrics", () => {
  const rows = randomRows(400, 1000, 1, keyword);
  const { model } = train(rows.slice(0, 300), rows.slice(200, 300), { classes: 3 });
  const table = tableOf(rows.slice(300));
  const probabilities = predictRows(model, table, () => false)!;
  const predict = predictorOf(model);
  rows.slice(300).forEach(([tokens], row) => {
    assertEquals([...probabilities.subarray(3 * row, 3 * row + 3)], [...Float32Array.from(predict(tokens))]);
  });
  const metrics = evaluateBaseline(probabilities, table);
  assertEquals(metrics.accuracy, accuracy(model, rows.slice(300)));
  const loss = rows.slice(300).reduce((sum, [tokens, label]) => sum - Math.log(predict(tokens)[label]!), 0);
  assertAlmostEquals(metrics.loss, loss / 100, 1e-6);
});

for (const vocabulary of [1000, 100]) {
  Deno.test(`trainBaseline() learns the order of two tokens in a vocabulary of ${vocabulary}`, () => {
    const rows = randomRows(1200, vocabulary, 2, orderOfPair);
    const { metrics } = train(rows.slice(0, 800), rows.slice(800), { vocabulary });
    assert(metrics.accuracy > 0.95, `accuracy ${metrics.accuracy}`);
  });
}

Deno.test("trainBaseline() learns from the last event, where no longer n-gram begins", () => {
  const rows = randomRows(1200, 30, 3, (tokens) => {
    tokens.push(4 + tokens[0]! % 2);
    return tokens.at(-1)! - 4;
  });
  const { metrics } = train(rows.slice(0, 800), rows.slice(800), { vocabulary: 30 });
  assert(metrics.accuracy > 0.95, `accuracy ${metrics.accuracy}`);
});

/** Returns rows of one word each, which begins with the syllable of their class: every other word, or the rest. */
function syllableRows(seen: boolean): Row[] {
  return Array.from({ length: 600 }, (_, row): Row => [[2 + 2 * (row * 7 % 300) + (seen ? 0 : 1)], row * 7 % 300 % 3]);
}

Deno.test("trainBaseline() learns letters inside words, and knows words by them that no row had", () => {
  const names = Array.from({ length: 600 }, (_, word) => {
    const syllable = ["bra", "cle", "dri"][(word >> 1) % 3]!;
    return `${syllable}${(word * 7919 + 31).toString(36)}`;
  });
  for (const hasLetters of [true, false]) {
    const { model } = train(syllableRows(true), [], {
      classes: 3,
      space: ngramSpace("words", names.length),
      keys: keysOfVocabulary(names, hasLetters),
    });
    const found = accuracy(model, syllableRows(false));
    assert(hasLetters ? found > 0.95 : found < 0.6, `letters ${hasLetters}: accuracy ${found}`);
  }
});

Deno.test("trainBaseline() knows words by their vectors that no fitted row has", () => {
  const names = Array.from({ length: 600 }, (_, word) => `${word}`);
  const random = new Random(1, Stream.weights).seek(0);
  const values = Float32Array.from({ length: 3 * names.length }, (_, i) => {
    return random.uniform() / 2 + ((Math.floor(i / 3) >> 1) % 3 === i % 3 ? 1 : 0);
  });
  const vectors = { first: 2, width: 3, ofRows: names.length, values };
  const training = syllableRows(true);
  for (const some of [{ vectors }, {}]) {
    const { model, metrics } = train(training.slice(0, 200), training.slice(200, 300), {
      classes: 3,
      space: { order: 1, hasEnds: false },
      keys: keysOfVocabulary(names, false),
      ...some,
    });
    const found = [accuracy(model, syllableRows(false)), metrics.accuracy];
    const expected = some.vectors ? (value: number) => value > 0.95 : (value: number) => value < 0.6;
    assert(found.every(expected), `vectors ${some.vectors !== undefined}: accuracy ${found}`);
  }
});

Deno.test("trainBaseline() fits validation rows only if it may, and never for their own probabilities", () => {
  // Class 1 has a token in the validation rows that no training row has.
  const training = randomRows(300, 100, 3, (_, random) => random.below(2));
  const validation = randomRows(100, 100, 4, (tokens, random) => {
    const label = random.below(2);
    if (label === 1) tokens.push(2);
    return label;
  });
  const fresh = randomRows(200, 100, 5, (tokens, random) => {
    const label = random.below(2);
    if (label === 1) tokens.push(2);
    return label;
  });
  const apart = train(training, validation, { vocabulary: 100 });
  assert(accuracy(apart.model, fresh) < 0.7 && apart.metrics.accuracy < 0.7, `${accuracy(apart.model, fresh)}`);
  const together = train(training, validation, { vocabulary: 100, fitsValidation: true });
  assert(accuracy(together.model, fresh) > accuracy(apart.model, fresh) + 0.1, `${accuracy(together.model, fresh)}`);
  // Rows of groups, or of later times, teach the model at the end, but tell nothing of each other before.
  const groups = train(training, validation, { vocabulary: 100, fitsValidation: true, validatesApart: true });
  const found = [groups, together].map(({ metrics }) => metrics.accuracy);
  assert(found[0]! < 0.6 && found[1]! > found[0]! + 0.05, `${found}`);
  assertEquals([apart.rows, together.rows, groups.rows], [300, 400, 400]);
});

Deno.test("trainBaseline() returns the same bits for the same seed, and others for another", () => {
  const rows = randomRows(300, 1000, 4, keyword);
  const weights = (seed: number) => train(rows, rows.slice(0, 50), { classes: 3, seed }).model.weights;
  assertEquals(weights(1), weights(1));
  assert(weights(1).some((value, index) => value !== weights(2)[index]));
});

Deno.test("trainBaseline() accepts rows without tokens, classes with one row, no validation rows", () => {
  const rows: Row[] = [[[5], 0], [[2], 1], [[], 1], [[5], 0], [[2], 1], [[3], 2], [[5], 0]];
  const { model, validation, metrics } = train(rows, [], { classes: 4 });
  assertEquals([validation.length, metrics.loss, metrics.accuracy], [0, NaN, NaN]);
  const predict = predictorOf(model);
  assertEquals([[5], [2], [3]].map((tokens) => mostProbable(predict(tokens))), [0, 1, 2]);
  for (const tokens of [[], [999], [5, 2, 3]]) {
    assertAlmostEquals(predict(tokens).reduce((sum, value) => sum + value), 1, 1e-12);
  }
});

Deno.test("trainBaseline() keeps only features of its rows, so unknown n-grams change nothing", () => {
  const rows = randomRows(300, 500, 5, keyword);
  const { model } = train(rows, rows, { classes: 3 });
  const predict = predictorOf(model);
  // Tokens from 500 on are in no row.
  assertEquals(predict([2, 700, 701, 702, 703, 704]), predict([2, 700]));
  assertEquals(mostProbable(predict([2, 700])), 0);
  assert(model.importance.every((value) => value > 0));
});

/** Returns 2,000 rows. Every tenth is of class 1; half of those and a tenth of the others have the token 2. */
const rareRows = (seed: number) => {
  let [row, common, rare] = [0, 0, 0];
  return randomRows(2000, 12, seed, (tokens) => {
    const label = row++ % 10 === 0 ? 1 : 0;
    tokens.length = 1;
    if (label === 1 ? rare++ % 2 === 0 : common++ % 10 === 0) tokens.unshift(2);
    return label;
  });
};
const recall = (model: LinearModel, rows: readonly Row[], label: number) =>
  accuracy(model, rows.filter((row) => row[1] === label));

Deno.test("trainBaseline() predicts a rare class from a weak sign only with class weights", () => {
  const [training, validation] = [rareRows(8), rareRows(9)];
  const plain = train(training, validation);
  assert(recall(plain.model, validation, 1) < 0.2, `recall ${recall(plain.model, validation, 1)}`);
  const { model } = train(training, validation, { classWeights: Float32Array.of(0.5 / 0.9, 0.5 / 0.1) });
  assert(recall(model, validation, 1) >= 0.5, `recall ${recall(model, validation, 1)}`);
  assert(recall(model, validation, 0) > 0.6, `recall ${recall(model, validation, 0)}`);
});

Deno.test("trainBaseline() chooses by the metric: no worse in accuracy or macro-F1 than by the loss", () => {
  const [training, validation] = [rareRows(8), rareRows(9)];
  const found = (["log-loss", "accuracy", "macro-f1"] as const).map((metric) => {
    // The validation rows choose, as there are no folds of so few: they are evaluated by models that were not fitted to them.
    const { validation: probabilities, metrics } = train(training, validation, { metric, fitsValidation: true });
    const given = validation.map((_, row) => mostProbable(probabilities, 2 * row, 2));
    const labels = validation.map(([, label]) => label);
    return { loss: metrics.loss, f1: answersF1(labels, given, 2), accuracy: metrics.accuracy };
  });
  const [byLoss, byAccuracy, byF1] = found as [typeof found[0], typeof found[0], typeof found[0]];
  assert(byLoss.loss <= byF1.loss && byLoss.loss <= byAccuracy.loss, JSON.stringify(found));
  assert(byAccuracy.accuracy >= byLoss.accuracy && byF1.f1 >= byLoss.f1, JSON.stringify(found));
});

Deno.test("trainBaseline() is calibrated for few rows of many classes", () => {
  const rows = randomRows(200, 1000, 10, (tokens, random) => {
    const label = random.below(20);
    tokens[random.below(tokens.length)] = 5 + label;
    return label;
  });
  const [training, validation, test] = [rows.slice(0, 80), rows.slice(80, 120), rows.slice(120)];
  const { model } = train(training, validation, { classes: 20 });
  const predict = predictorOf(model);
  const sureness = test.reduce((sum, [tokens]) => sum + Math.max(...predict(tokens)), 0) / test.length;
  assertAlmostEquals(sureness, accuracy(model, test), 0.2);
});

Deno.test("trainBaseline() ends without a result at any call of stopped() that returns true", () => {
  const rows = randomRows(1500, 1000, 6, keyword);
  const table = tableOf(rows);
  const options = optionsOf(1000, { classes: 3 });
  let calls = 0;
  trainBaseline(table, table, { ...options, stopped: () => ++calls < 0 });
  assert(calls > 20, `${calls} calls`);
  for (const last of [1, 2, 3, 5, calls - 1, calls]) {
    let asked = 0;
    assertEquals(trainBaseline(table, table, { ...options, stopped: () => ++asked === last }), undefined);
    assertEquals(asked, last);
  }
});

Deno.test("trainBaseline() shows that it is alive while it tries scales for many classes", () => {
  const rows: Row[] = Array.from({ length: 2560 }, (_, row) => [[5 + row % 2], row % 2]);
  const table = tableOf(rows);
  let calls = 0;
  trainBaseline(table, table, { ...optionsOf(7), stopped: () => ++calls < 0 });
  // 25 scales of 20 times 256 rows. Everything else calls it a few times in each of some passes.
  assert(calls > 500, `${calls} calls`);
});

Deno.test("trainBaseline() fits no folds where many classes have many rows, however short", () => {
  const classes = 2000;
  const table = tableOf(Array.from({ length: classes }, (_, row): Row => [[5 + row], row]));
  let passes = 0;
  const options = optionsOf(classes + 5, { classes });
  trainBaseline(table, tableOf([]), { ...options, stopped: () => ++passes < 0 });
  // Three costs and the end, some passes each; folds would take five times as many.
  assert(passes < 4 * 7 * classes, `${passes / classes} passes per class`);
});

Deno.test("trainBaseline() returns a model that can be posted to another thread", () => {
  const rows = randomRows(100, 1000, 7, keyword);
  const { model } = train(rows, rows, { classes: 3 });
  const [tokens] = rows[0]!;
  assertEquals(predictorOf(structuredClone(model))(tokens), predictorOf(model)(tokens));
});
