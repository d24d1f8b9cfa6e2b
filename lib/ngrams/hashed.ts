/**
 * Classifies rows by the n-grams of earlier versions, whose runs still serve: pairs and longer n-grams share hashed features,
 * and a row has each feature once.
 */
import { finishKey, mixKey } from "../data/vocabulary/token_keys.ts";
import type { NgramRows } from "./features.ts";
import { inverseRoot, softmaxOf } from "./model.ts";

export interface HashedSpace {
  /** Length of the longest n-grams. */
  readonly order: number;
  /** Tokens from 0 to `tokens - 1` are features of the same number. */
  readonly tokens: number;
  /** All other n-grams are hashed to features from `tokens` to `features - 1`. */
  readonly features: number;
}

export interface HashedModel {
  readonly space: HashedSpace;
  readonly classes: number;
  /** `[features]`: weight of each feature, greater for rarer ones (inverse document frequency). */
  readonly importance: Float32Array;
  /** `[features, classes]`, row-major. */
  readonly weights: Float32Array;
  /** `[classes]` */
  readonly bias: Float32Array;
}

/** Returns the function that writes the class probabilities of a row to `probabilities`, `[classes]`. */
export function createHashedClassifier(
  { space, classes, importance, weights, bias }: HashedModel,
): (rows: NgramRows, row: number, probabilities: Float64Array) => void {
  const find = createGramFinder(space);
  return ({ tokens, offsets }, row, probabilities) => {
    const features = find(tokens, offsets[row]!, offsets[row + 1]!);
    let squares = 0;
    for (let i = 0; i < features.length; i++) squares += importance[features[i]!]! ** 2;
    const scale = inverseRoot(squares);
    probabilities.set(bias);
    for (let i = 0; i < features.length; i++) {
      const first = features[i]! * classes;
      const value = importance[features[i]!]! * scale;
      for (let k = 0; k < classes; k++) probabilities[k]! += value * weights[first + k]!;
    }
    softmaxOf(probabilities);
  };
}

/**
 * Returns the function that finds the features of `tokens[begin..end)`, each once, in a view that is valid until the next
 * call. If n-grams may be longer than two tokens, they may also include a mark at either end of the row: the end of a
 * word is more significant than the end of a sentence.
 */
export function createGramFinder(
  { order, tokens: known, features }: HashedSpace,
): (tokens: ArrayLike<number>, begin: number, end: number) => Int32Array {
  const hashed = features - known;
  const stamps = new Uint32Array(features);
  let stamp = 0;
  let found = new Int32Array(256);
  let count = 0;

  function add(feature: number): void {
    if (stamps[feature] === stamp) return;
    stamps[feature] = stamp;
    found[count++] = feature;
  }

  return (tokens, begin, end) => {
    const length = end - begin;
    const room = order * (length + 2);
    if (found.length < room) found = new Int32Array(2 * room);
    if (++stamp === 2 ** 32) {
      stamps.fill(0);
      stamp = 1;
    }
    count = 0;
    for (let i = begin; i < end; i++) {
      const token = tokens[i]!;
      add(token < known ? token : known + finishKey(mixKey(0, token)) % hashed);
    }
    const margin = order > 2 ? 1 : 0;
    const at = (i: number) => i < begin ? -1 : i < end ? tokens[i]! : -2;
    for (let i = begin - margin; i < end + margin; i++) {
      let state = mixKey(0, at(i));
      for (let n = 2; n <= order && i + n <= end + margin; n++) {
        state = mixKey(state, at(i + n - 1));
        add(known + finishKey(state) % hashed);
      }
    }
    return found.subarray(0, count);
  };
}
