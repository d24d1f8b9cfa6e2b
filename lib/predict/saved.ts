/** Predictions of a saved model in the caller's own thread, for whoever has nothing else to do meanwhile. */
import type { TrainingConfig } from "../config/schema.ts";
import type { PreprocessingJson } from "../data/encode/preprocessing.ts";
import { trainedModel } from "../model/task_model.ts";
import type { ModelVersion } from "../run/model_version.ts";
import { Desk } from "./batch_predictor.ts";
import { prediction } from "./prediction.ts";
import type { Input, Prediction } from "./types.ts";

/** Whose predictions: a run that is training, or a saved model. */
export interface TrainedModel {
  readonly run: string;
  readonly config: TrainingConfig;
  /** Class names; a label is a position in this list. */
  readonly labels: readonly string[];
  /** How a text becomes tokens, if it is a model of text. */
  readonly preprocessing?: PreprocessingJson | undefined;
}

export interface Saved extends Omit<TrainedModel, "run"> {
  readonly version: ModelVersion;
}

/** What classifies inputs, `batchMax` in a call, by the model's weights. Throws an Error for an input that cannot be read. */
export async function openSaved(
  { config, labels, version, preprocessing }: Saved,
  batchMax = 256,
): Promise<(inputs: readonly Input[]) => Prediction[]> {
  const { spec } = trainedModel(config, labels);
  const desk = await Desk.open({ config, spec, preprocessing, maxBatch: batchMax, maxLength: config.length });
  desk.setNewest(version);
  return (inputs) => {
    const outcome = desk.predict(inputs);
    if (outcome.unread.length > 0) throw new Error(outcome.unread[0]!.error);
    return inputs.map((_, row) => prediction(outcome, row, labels));
  };
}
