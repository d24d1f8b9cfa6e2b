/** Predictions from the newest version of a model. */
import { type TrainingConfig } from "../config/schema.ts";
import { createBatch } from "../data/batch.ts";
import type { Engine } from "../engine/contract.ts";
import { createEngine } from "../engine/create.ts";
import { taskModel } from "../model/task_model.ts";
import type { VersionSource } from "./model_version.ts";
import type { Prediction, Predictor } from "./types.ts";

/** A predictor for the model of `run`, in this thread. Its engine is made when it is first asked. */
export function createPredictor(run: string, config: TrainingConfig, versions: VersionSource): Predictor {
  const { dataset: { labels, vocabulary, length }, spec, layout } = taskModel(config);
  let engine: Promise<Engine> | undefined;
  return {
    async model() {
      const { round, digest } = await versions();
      return { run, labels, vocabulary, length, round, digest };
    },
    async predict(sequences) {
      const adam = { beta1: 0.9, beta2: 0.999, epsilon: config.adamEpsilon };
      engine ??= createEngine({
        engine: config.engine,
        backend: config.backend,
        spec,
        layout,
        adam,
      });
      const ready = await engine;
      const { round, digest, weights } = await versions();
      const batch = createBatch(sequences.length, length);
      for (const [row, tokens] of sequences.entries()) {
        batch.tokens.set(tokens, row * length);
        batch.lengths[row] = tokens.length;
      }
      const all = ready.predict(weights, batch);
      const predictions = sequences.map((_, row): Prediction => {
        const probabilities = [...all.subarray(row * labels.length, (row + 1) * labels.length)];
        const best = probabilities.indexOf(Math.max(...probabilities));
        return { class: best, label: labels[best]!, probabilities };
      });
      return { run, round, digest, predictions };
    },
  };
}
