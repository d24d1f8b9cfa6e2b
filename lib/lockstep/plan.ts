/** Derives from the config everything that all threads of a run must agree on. */
import type { TrainingConfig } from "../config/schema.ts";
import type { TrainingData } from "../data/batches/table.ts";
import type { EngineOptions, NativeLibrary } from "../engine/contract.ts";
import { engineOptions, engineScratchBytes } from "../engine/create_engine.ts";
import { embeddingEnd, embeddingTensor } from "../model/layout.ts";
import { type TaskModel, taskModel } from "../model/task_model.ts";
import type { ChaosRates } from "./chaos.ts";
import { keepsBest } from "./memory/training_history.ts";
import { CHUNK_SIZE, type MapOptions } from "./memory/map.ts";
import type { Round } from "./round_schedule.ts";

/** Configures the workers of a run. */
export interface LockstepConfig {
  readonly training: TrainingConfig;
  /** The rows of the task `table`. Their arrays are shared, so that posting copies nothing. */
  readonly data?: TrainingData;
  /** The digest of the file of weights that training starts from, if any. */
  readonly weightsDigest?: string;
  readonly workers: number;
  readonly workerTimeoutMs: number;
  /** Limits how many crews may replace one that lost a worker. */
  readonly maxRestarts: number;
  readonly chaos: ChaosRates;
  /** Ends training after this many rounds at the latest. */
  readonly lastRound?: number;
  /** Is true if other machines have shards too: then the main thread gives orders (round/orders.ts). */
  readonly remote?: boolean;
  /** Is true if every worker has its own core. */
  readonly spin: boolean;
  /** The native kernels of the workers, if they have any. */
  readonly native?: NativeLibrary | undefined;
}

export interface Plan extends TaskModel {
  readonly engine: EngineOptions;
  readonly map: MapOptions;
}

export function createPlan({ training, data, workers, native }: LockstepConfig): Plan {
  const model = taskModel(training, data);
  const maxBatch = Math.max(training.batchSize, CHUNK_SIZE);
  const maxLength = model.dataset.length;
  const maxVectors = model.dataset.mostVectors?.(maxBatch) ?? 0;
  const engine = engineOptions(training, model, maxBatch, maxLength, {
    maxVectors,
    firstVector: data?.firstVector,
    native,
  });
  const lazy = training.embeddingRows === "lazy";
  return {
    ...model,
    engine,
    map: {
      parameters: model.layout.size,
      lazyRows: lazy ? embeddingTensor(model.layout).shape[0]! : 0,
      lazyElements: lazy ? embeddingEnd(model.layout) : 0,
      shards: training.shards,
      workers,
      average: training.average,
      moments: training.moments,
      epochs: training.epochs,
      best: keepsBest(training),
      heldOut: model.dataset.heldOut,
      classes: training.metric === "macro-f1" ? model.dataset.labels.length : 0,
      maxBatch,
      maxLength,
      maxVectors,
      maxLabels: model.dataset.mostLabels ?? 0,
      engineScratch: engineScratchBytes(engine),
    },
  };
}

/**
 * Returns whether a round is computed in one pass from gradients (round/average_weights.ts), without replicas: not if
 * drift is measured between them, or if other machines sum them.
 */
export function isSingleStepRound(
  { training, remote }: LockstepConfig,
  { steps }: Round,
  measuresDrift: boolean,
): boolean {
  const { average, moments } = training;
  return average === "weights" && moments === "average" && !remote && steps === 1 && !measuresDrift;
}

/** Returns the slice of the elements `first` to `size - 1` that `worker` averages: whole blocks of `block`, in order. */
export function sliceOf(
  worker: number,
  workers: number,
  size: number,
  block: number,
  first = 0,
): [begin: number, end: number] {
  const blocks = Math.ceil((size - first) / block);
  const edge = (index: number) => Math.min(size, first + Math.floor(blocks * index / workers) * block);
  return [edge(worker), edge(worker + 1)];
}
