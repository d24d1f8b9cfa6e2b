/** Predictions of a saved model in the caller's own thread, for whoever has nothing else to do meanwhile. */
import type { TrainingConfig } from "../config/schema.ts";
import { trainedModel } from "../model/task_model.ts";
import type { ModelVersion } from "../run/model_version.ts";
import { Desk, joinSequences } from "./desk.ts";
import { prediction } from "./prediction.ts";
import type { Prediction } from "./types.ts";

export interface Saved {
  readonly config: TrainingConfig;
  readonly labels: readonly string[];
  readonly version: ModelVersion;
}

/** What classifies sequences, `batchMax` in a call, by the model's weights. */
export async function openSaved(
  { config, labels, version }: Saved,
  batchMax = 256,
): Promise<(sequences: readonly (readonly number[])[]) => Prediction[]> {
  const { spec } = trainedModel(config, labels);
  const desk = await Desk.open({ config, spec, maxBatch: batchMax, maxLength: config.length });
  desk.setNewest(version);
  return (sequences) => {
    const { probabilities } = desk.predict(joinSequences(sequences));
    return sequences.map((_, row) => prediction(probabilities, row, labels));
  };
}
