/** Combines the two classifiers: a model of both is often better than either. */
import { logLoss, logOdds, sigmoid } from "../data/metrics.ts";
import type { NgramRows } from "./features.ts";
import { createHashedClassifier, type HashedModel } from "./hashed.ts";
import {
  createExplainScores,
  createScorer,
  createVectorizer,
  type ExplainScores,
  type LinearModel,
  scoresOf,
  softmaxOf,
} from "./model.ts";

/**
 * The n-grams of a finished model, which has an LSTM as well. Its probabilities are proportional to those of the LSTM to the
 * power of `exponent`, times those of the n-grams, and the same holds for the odds of each label if there may be several; in runs of earlier versions they are the mean by `share`.
 */
export type Combination = LinearCombination | HashedCombination;

export interface LinearCombination {
  readonly model: LinearModel;
  readonly exponent: number;
  /** Share of the LSTM in the answers, from 0 to 1, for people: nothing is computed with it. */
  readonly share: number;
}

export interface HashedCombination {
  readonly model: HashedModel;
  /** Weight of the LSTM, from 0 to 1; the n-grams have the rest. */
  readonly share: number;
}

export interface Combiner {
  /** Replaces the LSTM's probabilities of a row, `[classes]`, by those of both. */
  (lstm: Float32Array, rows: NgramRows, row: number): void;
  /** Divides log-odds between the two models. Those of earlier versions are no sums: they have none. */
  readonly sum?: { readonly exponent: number; readonly explain: ExplainScores };
}

/** Creates the only function that combines the two models of a finished model; all predictions use it. */
export function createCombiner(combination: Combination): Combiner {
  return "exponent" in combination ? linearCombiner(combination) : hashedCombiner(combination);
}

function linearCombiner({ model, exponent }: LinearCombination): Combiner {
  const vectorize = createVectorizer(model);
  const score = createScorer(model, vectorize);
  const { classes, labels } = model;
  const many = (lstm: Float32Array, rows: NgramRows, row: number): void => {
    const scores = score(rows, row);
    for (let k = 0; k < classes; k++) lstm[k] = sigmoid(scores[k]! + exponent * logOdds(lstm[k]!));
  };
  const first = scoresOf(classes) - classes;
  const combined = new Float64Array(classes);
  const combine = (lstm: Float32Array, rows: NgramRows, row: number): void => {
    const scores = score(rows, row);
    for (let k = 0; k < classes; k++) {
      combined[k] = (k + first < 0 ? 0 : scores[k + first]!) - exponent * logLoss(lstm[k]!);
    }
    softmaxOf(combined);
    lstm.set(combined);
  };
  return Object.assign(labels === "many" ? many : combine, {
    sum: { exponent, explain: createExplainScores(model, vectorize) },
  });
}

function hashedCombiner({ model, share }: HashedCombination): Combiner {
  const classify = createHashedClassifier(model);
  const ngrams = new Float64Array(model.classes);
  return (lstm, rows, row) => {
    classify(rows, row, ngrams);
    for (let k = 0; k < lstm.length; k++) lstm[k] = share * lstm[k]! + (1 - share) * ngrams[k]!;
  };
}
