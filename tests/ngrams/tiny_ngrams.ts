/** Creates n-grams that are small enough for tests, and predicts with a plain version of them. */
import { keysOfVocabulary } from "../../lib/data/vocabulary/token_keys.ts";
import { createFeatureFinder, type NgramRows, type NgramSpace } from "../../lib/ngrams/features.ts";
import { createGramFinder, type HashedModel, type HashedSpace } from "../../lib/ngrams/hashed.ts";
import { KeyTable } from "../../lib/ngrams/key_table.ts";
import type { Combination, HashedCombination, LinearCombination } from "../../lib/ngrams/combine.ts";
import { type LinearModel, scoresOf } from "../../lib/ngrams/model.ts";
import { Random, Stream } from "../../lib/base/numbers/random.ts";

/** Creates random weights of hashed n-grams, as if every third feature were in no training row. */
export function tinyHashed(space: HashedSpace, classes: number, share = 0.3): HashedCombination {
  const random = new Random(5, Stream.weights).seek(0);
  const importance = Float32Array.from({ length: space.features }, (_, i) => i % 3 === 2 ? 0 : 1 + random.uniform());
  const weights = new Float32Array(space.features * classes);
  importance.forEach((value, feature) => {
    for (let k = 0; value > 0 && k < classes; k++) weights[feature * classes + k] = 4 * random.uniform() - 2;
  });
  const bias = Float32Array.from({ length: classes }, () => random.uniform());
  return { share, model: { space, classes, importance, weights, bias } };
}

/** Creates random weights for two of three features that random rows of the tokens `known` have; `marks` begin texts. */
export function tinyLinear(
  space: NgramSpace,
  known: readonly string[],
  hasLetters: boolean,
  classes: number,
  { marks, ...labelled }: Pick<LinearModel, "labels"> & { readonly marks?: readonly string[] } = {},
  share = 0.3,
): LinearCombination {
  const random = new Random(6, Stream.weights).seek(0);
  const keysOfMarks = marks && { marks: [...keysOfVocabulary(marks, false).keys] };
  const vocabulary = { ...keysOfVocabulary(known, hasLetters), ...keysOfMarks };
  const [ofTokens, ofLetters] = [new KeyTable(), new KeyTable()];
  const find = createFeatureFinder(space, vocabulary, (key, isLetters) => (isLetters ? ofLetters : ofTokens).add(key));
  // Few rows have a mark and a given token behind it.
  const drawn = marks ? 5000 : 200;
  const tokens = Array.from({ length: drawn }, () => 2 + random.below(known.length));
  for (let begin = 0; begin < drawn; begin += 5) find({ tokens, offsets: [begin, begin + 5] }, 0);
  const chosen = [ofTokens, ofLetters].map((table) =>
    Array.from({ length: table.size }, (_, number) => table.key(number)).filter((_, index) => index % 3 > 0)
  );
  const keys = Uint32Array.from(chosen.flat());
  const draw = (length: number, low: number, high: number) =>
    Float32Array.from({ length }, () => low + (high - low) * random.uniform());
  const scores = scoresOf(classes, labelled.labels);
  return {
    share,
    exponent: 0.7,
    model: {
      ...labelled,
      space,
      classes,
      vocabulary,
      keys,
      tokenColumns: chosen[0]!.length,
      importance: draw(keys.length, 1, 2),
      weights: draw(keys.length * scores, -2, 2),
      bias: draw(scores, 0, 1),
    },
  };
}

/** Leaves out every third weight of a combination, as models of many scores do. */
export function sparseOf({ model, ...others }: LinearCombination): LinearCombination {
  const kept = [...model.weights.keys()].filter((at) => at % 3 !== 1);
  const scores = model.bias.length;
  const starts = Uint32Array.from(
    { length: model.keys.length + 1 },
    (_, column) => kept.filter((at) => at < column * scores).length,
  );
  const sparse = { starts, scores: Uint16Array.from(kept, (at) => at % scores) };
  return { ...others, model: { ...model, weights: Float32Array.from(kept, (at) => model.weights[at]!), sparse } };
}

/** Returns the score of each class. */
function plainLinear(
  { space, vocabulary, keys, tokenColumns, importance, weights, sparse, bias, classes }: LinearModel,
  rows: NgramRows,
  row: number,
): number[] {
  const features = new Map<number, number>();
  const numbered = new KeyTable();
  const found = createFeatureFinder(space, vocabulary, (key) => numbered.add(key))(rows, row);
  for (let i = 0; i < found.count; i++) {
    const column = keys.indexOf(numbered.key(found.columns[i]!));
    if (column >= 0) features.set(column, (1 + Math.log(found.counts[i]!)) * importance[column]!);
  }
  const parts = [true, false].map((isToken) => [...features].filter(([column]) => (column < tokenColumns) === isToken));
  const values = parts.flatMap((part) => {
    const length = Math.hypot(...part.map(([, value]) => value));
    return part.map(([column, value]) => [column, value / length] as const);
  });
  const weightOf = (column: number, k: number) => {
    if (!sparse) return weights[column * bias.length + k]!;
    const found = [...sparse.scores.keys()].filter((at) =>
      at >= sparse.starts[column]! && at < sparse.starts[column + 1]! && sparse.scores[at] === k
    );
    return found.reduce((sum, at) => sum + weights[at]!, 0);
  };
  const scores = Array.from(
    bias,
    (value, k) => values.reduce((sum, [column, x]) => sum + x * weightOf(column, k), value),
  );
  return classes === 2 ? [0, scores[0]!] : scores;
}

/** Returns the probability of each class. */
function plainHashed(
  { space, classes, importance, weights, bias }: HashedModel,
  { tokens, offsets }: NgramRows,
  row: number,
): number[] {
  const features = [...createGramFinder(space)(tokens, offsets[row]!, offsets[row + 1]!)];
  const norm = Math.hypot(...features.map((feature) => importance[feature]!)) || 1;
  return softmax(Array.from(
    bias,
    (value, k) => features.reduce((sum, f) => sum + (importance[f]! / norm) * weights[f * classes + k]!, value),
  ));
}

function softmax(scores: readonly number[]): number[] {
  const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
  return scores.map((score) => Math.exp(score) / total);
}

/** Returns the probabilities of both, where `lstm` are those of the LSTM. */
export function plainCombination(
  ngrams: Combination,
  lstm: readonly number[],
  rows: NgramRows,
  row = 0,
): number[] {
  if ("exponent" in ngrams) {
    const scores = plainLinear(ngrams.model, rows, row);
    return softmax(lstm.map((value, k) => ngrams.exponent * Math.log(value) + scores[k]!));
  }
  const other = plainHashed(ngrams.model, rows, row);
  return lstm.map((value, k) => ngrams.share * value + (1 - ngrams.share) * other[k]!);
}

/** Returns sequences as rows. */
export function rowsOf(sequences: readonly (readonly number[])[]): NgramRows {
  const offsets = [0];
  for (const sequence of sequences) offsets.push(offsets.at(-1)! + sequence.length);
  return { tokens: sequences.flat(), offsets };
}
