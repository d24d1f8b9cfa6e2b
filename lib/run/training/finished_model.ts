/** The finished model of a run on files: the LSTM, combined with n-grams where that is better, and judged by its rows. */
import { bestShare, type Combination, mixInto } from "../../ngrams/mix.ts";
import type { BaselineModel } from "../../ngrams/model.ts";
import type { LoadedPart } from "../../data/encode/assemble.ts";
import { openPreprocessing } from "../../data/encode/preprocessing.ts";
import type { Summary } from "../../base/events.ts";
import { evaluatePredictions } from "../../model/evaluation.ts";
import { figuresOf, judgeBy } from "../evaluation/evaluate_rows.ts";
import type { Judgements } from "../files/evaluation_schema.ts";
import { predictByNgrams, predictTable, type TrainedModel } from "../evaluation/predict_table.ts";
import type { DataSource } from "./reload_data.ts";

export interface FinishedModel {
  /** Nothing where the LSTM predicts alone. */
  readonly ngrams?: Combination;
  /** Of what predicts. */
  readonly judgements: Judgements;
  /** The LSTM's part, if there are n-grams to combine it with. */
  readonly lstm?: NonNullable<Summary["lstm"]>;
}

/**
 * Combines `model`, an LSTM, with `ngrams`, if there are any. The share of each is the one of least loss on the
 * validation rows, which count as `classWeights` have their classes; the test rows decide nothing.
 */
export async function finishModel(
  model: TrainedModel,
  ngrams: BaselineModel | undefined,
  source: DataSource,
  classWeights: Float32Array | undefined,
): Promise<FinishedModel> {
  const preprocessing = openPreprocessing(source.preprocessing);
  const { labels } = model;
  const validation = await predictParts(model, ngrams, source.validation);
  const test = source.test && await predictParts(model, ngrams, source.test);
  const share = validation.ngrams
    ? bestShare(validation.lstm, validation.ngrams, validation.part.table.labels, classWeights)
    : 1;
  const judge = ({ part, lstm, ngrams }: Parts) => {
    const probabilities = lstm.slice();
    if (ngrams && share < 1) mixInto(probabilities, ngrams, share);
    return judgeBy(probabilities, labels, part, preprocessing);
  };
  const judgements = { validation: judge(validation), ...test && { test: judge(test) } };
  if (!ngrams) return { judgements };
  const judgeLstm = ({ part, lstm }: Parts) => figuresOf(evaluatePredictions(labels, part.table.labels, lstm));
  const lstm = { share, validation: judgeLstm(validation), ...test && { test: judgeLstm(test) } };
  return { ...share < 1 && { ngrams: { model: ngrams, share } }, judgements, lstm };
}

/** What each part of the model says of some rows, `[rows, classes]`. */
interface Parts {
  readonly part: LoadedPart;
  readonly lstm: Float32Array;
  readonly ngrams: Float64Array | undefined;
}

async function predictParts(model: TrainedModel, ngrams: BaselineModel | undefined, part: LoadedPart): Promise<Parts> {
  const lstm = await predictTable(model, part.table);
  return { part, lstm, ngrams: ngrams && await predictByNgrams(ngrams, part.table) };
}
