/** Opens the predictor of a server: a thread with the weights of a run, within the limits of the config. */
import type { Config } from "../config/schema.ts";
import type { NativeLibrary } from "../engine/contract.ts";
import { ThreadPredictor } from "../predict/predictor.ts";
import { checkpointBytes, checkpointRounds } from "./files/checkpoint.ts";
import type { Newest, TrainedModel } from "../predict/trained_model.ts";

interface PredictorSource {
  readonly model: Omit<TrainedModel, "version">;
  readonly newest: () => Newest;
  /** The directory of the run, if it has one: its checkpoints can be asked for by their rounds. */
  readonly directory: string | undefined;
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
      list: async () => directory === undefined ? [] : await checkpointRounds(directory),
      read: async (round) => directory === undefined ? undefined : await checkpointBytes(directory, round),
    },
    workerUrl: predictUrl,
    native: model.config.engine === "simd" ? native : undefined,
    limits: { batchMax, batchDelayMs, queueMax, timeoutMs: predictTimeout * 1000 },
    onIncident,
  });
}
