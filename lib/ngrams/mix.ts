/** The two classifiers together: a weighted mean of their probabilities, which is often better than either. */
import { logLoss } from "../data/log_loss.ts";
import { type BaselineModel, classify, createBagger } from "./model.ts";

/** Class probabilities of some rows, `[rows, classes]`, row-major. */
export type Probabilities = Float32Array | Float64Array;

/** What a finished model is beside its LSTM. */
export interface Combination {
  readonly model: BaselineModel;
  /** The LSTM's in the mean, from 0 to 1; the rest is that of the n-grams. */
  readonly share: number;
}

/** Takes the n-grams of `tokens[begin..end)` into the LSTM's probabilities of that row, `[classes]`. */
export type Combiner = (lstm: Float32Array, tokens: ArrayLike<number>, begin: number, end: number) => void;

/** The one way in which a finished model's two parts are put together: whatever predicts does it by this. */
export function createCombiner({ model, share }: Combination): Combiner {
  const bag = createBagger(model);
  const ngrams = new Float64Array(model.classes);
  return (lstm, tokens, begin, end) => {
    classify(model, bag(tokens, begin, end), ngrams);
    mixInto(lstm, ngrams, share);
  };
}

/** Makes `first` the mean `share · first + (1 - share) · second`. */
export function mixInto(first: Float32Array, second: ArrayLike<number>, share: number): void {
  for (let i = 0; i < first.length; i++) first[i] = share * first[i]! + (1 - share) * second[i]!;
}

const WEIGHTS = Array.from({ length: 11 }, (_, tenths) => tenths / 10);

/**
 * The share of `first` in the mean `share · first + (1 - share) · second` that has the least cross-entropy on rows of `labels`, in
 * tenths; of equals the greatest. A row counts as `classWeights` have its class. 1 if there are no rows. The rows must be
 * ones that neither was fitted to.
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
