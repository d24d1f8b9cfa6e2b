/**
 * A linear classifier of bags of n-grams, as plain arrays that can be posted to another thread. It shares no arithmetic
 * with the engines. Start with train.ts. Exported models run this file in browsers: plain JavaScript without its types.
 */
import { createGramFinder, type GramSpace } from "./grams.ts";

export interface BaselineModel {
  readonly space: GramSpace;
  readonly classes: number;
  /** `[features]`: weight of each feature, greater for rarer ones (inverse document frequency). */
  readonly importance: Float32Array;
  /** `[features, classes]`, row-major. */
  readonly weights: Float32Array;
  /** `[classes]` */
  readonly bias: Float32Array;
}

/** The fields that classify a row. While training, the bias has double precision. */
type Classifier = Pick<BaselineModel, "classes" | "weights"> & { readonly bias: Float32Array | Float64Array };

/** Features of a row and their values, which form a vector of length 1. */
export interface Bag {
  readonly features: Int32Array;
  /** Only the first `features.length` are in use. */
  readonly values: Float64Array;
}

/** Returns the function that creates the bag of a row, in arrays that are valid until the next call. */
export function createBagger(
  { space, importance }: Pick<BaselineModel, "space" | "importance">,
): (tokens: ArrayLike<number>, begin: number, end: number) => Bag {
  const grams = createGramFinder(space);
  let values = new Float64Array(256);
  return (tokens, begin, end) => {
    const features = grams(tokens, begin, end);
    if (values.length < features.length) values = new Float64Array(2 * features.length);
    let squares = 0;
    for (let i = 0; i < features.length; i++) squares += importance[features[i]!]! ** 2;
    const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    for (let i = 0; i < features.length; i++) values[i] = importance[features[i]!]! * scale;
    return { features, values };
  };
}

/** Writes the class probabilities of `bag` to `probabilities`, `[classes]`: the softmax of bias + bag · weights. */
export function classify({ classes, weights, bias }: Classifier, bag: Bag, probabilities: Float64Array): void {
  const { features, values } = bag;
  probabilities.set(bias);
  for (let i = 0; i < features.length; i++) {
    const first = features[i]! * classes;
    const value = values[i]!;
    for (let k = 0; k < classes; k++) probabilities[k]! += value * weights[first + k]!;
  }
  let max = probabilities[0]!;
  for (let k = 1; k < classes; k++) max = Math.max(max, probabilities[k]!);
  let sum = 0;
  for (let k = 0; k < classes; k++) sum += probabilities[k] = Math.exp(probabilities[k]! - max);
  for (let k = 0; k < classes; k++) probabilities[k]! /= sum;
}
