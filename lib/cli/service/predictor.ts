/** Opens the predictor of a command: a thread with the weights of its run, within the limits of the config. */
import type { Config } from "../../config/schema.ts";
import type { NativeLibrary } from "../../engine/contract.ts";
import { ThreadPredictor } from "../../predict/predictor.ts";

import { checkpointBytes, checkpointRounds } from "../../run/files/checkpoint.ts";
import type { Newest, TrainedModel } from "../../predict/trained_model.ts";

interface PredictorSource {
  readonly model: Omit<TrainedModel, "version">;
  readonly newest: () => Newest;
  /** The directory of the run. */
  readonly directory: string;
  /** The module that the prediction thread runs. */
  readonly predictUrl: URL;
  readonly native: NativeLibrary | undefined;
  readonly config: Pick<Config, "batchMax" | "batchDelayMs" | "queueMax" | "predictTimeout">;
  readonly onIncident: (message: string) => void;
}

export function openPredictor(
  { model, newest, directory, predictUrl, native, config, onIncident }: PredictorSource,
): ThreadPredictor {
  const { batchMax, batchDelayMs, queueMax, predictTimeout } = config;
  return new ThreadPredictor({
    model,
    newest,
    checkpoints: {
      list: () => checkpointRounds(directory),
      read: (round) => checkpointBytes(directory, round),
    },
    workerUrl: predictUrl,
    native: model.config.engine === "simd" ? native : undefined,
    limits: { batchMax, batchDelayMs, queueMax, timeoutMs: predictTimeout * 1000 },
    onIncident,
  });
}
