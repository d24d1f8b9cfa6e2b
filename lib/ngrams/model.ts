/** A linear classifier of bags of n-grams, as plain arrays: it can be posted to another thread. */
import { createGramFinder, type GramSpace } from "./grams.ts";

export interface BaselineModel {
  readonly space: GramSpace;
  readonly classes: number;
  /** `[features]`: what a feature counts, the more the rarer (inverse document frequency). */
  readonly importance: Float32Array;
  /** `[features, classes]`, row-major. */
  readonly weights: Float32Array;
  /** `[classes]` */
  readonly bias: Float32Array;
}

/** What classifies; in training the bias is more precise than in the end. */
type Classifier = Pick<BaselineModel, "classes" | "weights"> & { readonly bias: Float32Array | Float64Array };

/** A row's features and how much of each: a vector of length 1. */
export interface Bag {
  readonly features: Int32Array;
  /** The first `features.length` of these. */
  readonly values: Float64Array;
}

/** Returns the function that makes a row's bag, in arrays that hold until the next call. */
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

/** Returns the function that gives a row's class probabilities, `[classes]`, in an array of the caller's own. */
export function createBaselinePredictor(model: BaselineModel): (tokens: ArrayLike<number>) => Float64Array {
  const bag = createBagger(model);
  return (tokens) => {
    const probabilities = new Float64Array(model.classes);
    classify(model, bag(tokens, 0, tokens.length), probabilities);
    return probabilities;
  };
}
