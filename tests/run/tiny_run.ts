/** Creates runs that are small enough for tests. */
import { resolveConfig } from "../../lib/config/resolve.ts";
import type { Config } from "../../lib/config/schema.ts";
import { openTraining } from "../../lib/run/training/open_training.ts";
import { TrainingRun } from "../../lib/run/training/training_run.ts";

export const workerUrl = new URL("../../workers/train.ts", import.meta.url);

export function tinyRunConfig(runsDir: string, change: Partial<Config> = {}): Config {
  const values = {
    vocabulary: 12,
    length: 4,
    embedding: 4,
    hidden: 5,
    batchSize: 6,
    shards: 3,
    epochs: 2,
    stepsPerEpoch: 4,
    averageEvery: 3,
    heldOut: 300,
    targetAccuracy: 0,
    workers: 2,
    ...change,
    runsDir,
  };
  return resolveConfig(undefined, [{ values, nameOf: (key) => key }]);
}

/** With one core, workers that wait sleep, and leave the cores to tests that run in parallel. */
export function createTinyRun(runsDir: string, change: Partial<Config> = {}, cores = 2): Promise<TrainingRun> {
  return TrainingRun.create({ config: tinyRunConfig(runsDir, change), workerUrl, cores });
}

/** Trains a small LSTM on the file of rows that `values` names, and ends the run. */
export async function trainTinyRows(values: Partial<Config>): Promise<TrainingRun> {
  const tiny = { embedding: 2, hidden: 2, epochs: 1, ngrams: "none", workers: 1, ...values };
  const source = { values: tiny, nameOf: (key: string) => key };
  const run = await openTraining((defaults) => resolveConfig(undefined, [source], defaults), { workerUrl, cores: 1 });
  await run.train();
  return run;
}
