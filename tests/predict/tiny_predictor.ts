/** Makes a predictor for a model that is small enough for tests, and the predictions of its plain version. */
import { createBatch } from "../../lib/data/batches/batch.ts";
import { initialWeights } from "../../lib/model/initial.ts";
import { taskModel } from "../../lib/model/task_model.ts";
import { type PredictorOptions, ThreadPredictor } from "../../lib/predict/predictor.ts";
import type { PredictorLimits } from "../../lib/predict/types.ts";
import type { ModelVersion } from "../../lib/predict/trained_model.ts";
import { plainLogits, plainSoftmax } from "../engine/plain_lstm.ts";
import { tinyConfig } from "../lockstep/tiny.ts";
import { PATIENCE_MS } from "../patience.ts";

export const config = tinyConfig();
export const model = taskModel(config);

/** Makes the version of a round, with weights of its own. */
export function version(round: number): ModelVersion {
  const weights = initialWeights(model.spec, model.layout, { ...config, seed: round + 1 });
  return { round, digest: `digest of ${round}`, weights };
}

/** Returns the class probabilities of one sequence by the plain version of the model. */
export function plainProbabilities(weights: Float32Array, sequence: readonly number[]): number[] {
  const batch = createBatch(1, sequence.length);
  batch.tokens.set(sequence);
  batch.lengths[0] = sequence.length;
  return plainSoftmax(plainLogits(model.spec, model.layout, weights, batch, 0));
}

const limits: PredictorLimits = { batchMax: 4, batchDelayMs: 0, queueMax: 100, timeoutMs: PATIENCE_MS };

/** Opens a predictor that `using` closes. If `faulty`, its thread may fail. */
export function tinyPredictor(
  changes: Partial<Omit<PredictorOptions, "limits">> & { limits?: Partial<PredictorLimits>; faulty?: boolean } = {},
): { predictor: ThreadPredictor; incidents: string[] } & Disposable {
  const incidents: string[] = [];
  const newest = version(0);
  const { limits: changed, faulty, ...rest } = changes;
  const predictor = new ThreadPredictor({
    model: { run: "r1", config, labels: model.dataset.labels },
    newest: () => newest,
    checkpoints: { list: () => Promise.resolve([]), read: () => Promise.resolve(undefined) },
    workerUrl: new URL(faulty ? "./faulty_thread.ts" : "../../workers/predict.ts", import.meta.url),
    onIncident: (message) => incidents.push(message),
    ...rest,
    limits: { ...limits, ...changed },
  });
  return { predictor, incidents, [Symbol.dispose]: () => predictor.close() };
}
