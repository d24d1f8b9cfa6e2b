/** Creates n-grams that are small enough for tests, and predicts with a plain version of them. */
import { createGramFinder, type GramSpace } from "../../lib/ngrams/grams.ts";
import type { Combination } from "../../lib/ngrams/mix.ts";
import { Random, Stream } from "../../lib/base/random.ts";

/** Creates random weights, as if every third feature were in no training row. */
export function tinyNgrams(space: GramSpace, classes: number, share = 0.3): Combination {
  const random = new Random(5, Stream.weights).seek(0);
  const importance = Float32Array.from({ length: space.features }, (_, i) => i % 3 === 2 ? 0 : 1 + random.uniform());
  const weights = new Float32Array(space.features * classes);
  importance.forEach((value, feature) => {
    for (let k = 0; value > 0 && k < classes; k++) weights[feature * classes + k] = 4 * random.uniform() - 2;
  });
  const bias = Float32Array.from({ length: classes }, () => random.uniform());
  return { share, model: { space, classes, importance, weights, bias } };
}

/** Returns the class probabilities of one sequence according to the n-grams. */
export function plainNgrams({ model }: Combination, tokens: readonly number[]): number[] {
  const { space, classes, importance, weights, bias } = model;
  const features = [...createGramFinder(space)(tokens, 0, tokens.length)];
  const norm = Math.hypot(...features.map((feature) => importance[feature]!)) || 1;
  const scores = Array.from(
    bias,
    (value, k) => features.reduce((sum, f) => sum + (importance[f]! / norm) * weights[f * classes + k]!, value),
  );
  const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
  return scores.map((score) => Math.exp(score) / total);
}

/** Returns the mean of both, where `lstm` are the probabilities of the LSTM. */
export function plainCombination(ngrams: Combination, lstm: readonly number[], tokens: readonly number[]): number[] {
  const other = plainNgrams(ngrams, tokens);
  return lstm.map((value, k) => ngrams.share * value + (1 - ngrams.share) * other[k]!);
}
