/**
 * Combines the two classifiers: a weighted mean of their probabilities is often better than either. Exported models run
 * this file in browsers: plain JavaScript without its types.
 */
import { logLoss } from "../data/metrics.ts";
import { type BaselineModel, classify, createBagger } from "./model.ts";

/** Class probabilities of some rows, `[rows, classes]`, row-major. */
export type Probabilities = Float32Array | Float64Array;

/** The n-grams of a finished model, which has an LSTM as well. */
export interface Combination {
  readonly model: BaselineModel;
  /** Weight of the LSTM, from 0 to 1; the n-grams have the rest. */
  readonly share: number;
}

/** Mixes the probabilities of the n-grams for the row `tokens[begin..end)` into those of the LSTM, `[classes]`. */
export type Combiner = (lstm: Float32Array, tokens: ArrayLike<number>, begin: number, end: number) => void;

/** Creates the only function that combines the two models of a finished model; all predictions use it. */
export function createCombiner({ model, share }: Combination): Combiner {
  const bag = createBagger(model);
  const ngrams = new Float64Array(model.classes);
  return (lstm, tokens, begin, end) => {
    classify(model, bag(tokens, begin, end), ngrams);
    mixInto(lstm, ngrams, share);
  };
}

/** Sets `first` to the mean `share · first + (1 - share) · second`. */
export function mixInto(first: Float32Array, second: ArrayLike<number>, share: number): void {
  for (let i = 0; i < first.length; i++) first[i] = share * first[i]! + (1 - share) * second[i]!;
}

const WEIGHTS = Array.from({ length: 11 }, (_, tenths) => tenths / 10);

/**
 * Returns the share, in tenths, for which the mean `share · first + (1 - share) · second` has the lowest cross-entropy on
 * rows with `labels`; the greatest of equals, and 1 without rows. The loss of a row is weighted by its class. Neither
 * classifier may have been fitted to the rows.
 */
export function bestShare(
  first: Probabilities,
  second: Probabilities,
  labels: ArrayLike<number>,
  classWeights?: Float32Array,
): number {
  const classes = first.length / labels.length;
  let best = 1;
  let least = Infinity;
  for (const share of WEIGHTS.toReversed()) {
    let loss = 0;
    for (let row = 0; row < labels.length; row++) {
      const index = row * classes + labels[row]!;
      const probability = share * first[index]! + (1 - share) * second[index]!;
      loss += (classWeights?.[labels[row]!] ?? 1) * logLoss(probability);
    }
    if (loss < least) [best, least] = [share, loss];
  }
  return best;
}
