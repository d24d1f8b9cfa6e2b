/** Predictions from the newest version of a model. */
import type { TrainingConfig } from "../config/schema.ts";
import type { Batch } from "../data/batch.ts";
import type { Engine } from "../engine/contract.ts";
import { engineOptions } from "../engine/create.ts";
import { createWorkspace } from "../engine/workspace.ts";
import { trainedModel } from "../model/task_model.ts";
import type { ModelVersion, VersionSource } from "./model_version.ts";
import type { Prediction, Predictor } from "./types.ts";

/** Sequences that go through the engine in one call. */
const MAX_BATCH = 64;

interface Desk {
  readonly engine: Engine;
  readonly weights: Float32Array;
  readonly batch: Batch;
}

/** Whose predictions: a run that is training, or a saved model. */
export interface Predicting {
  readonly run: string;
  readonly config: TrainingConfig;
  /** Class names; a label is a position in this list. */
  readonly labels: readonly string[];
}

/** A predictor for the model of a run, in this thread. Its engine is made when it is first asked. */
export function createPredictor({ run, config, labels }: Predicting, versions: VersionSource): Predictor {
  const model = trainedModel(config, labels);
  const { layout } = model;
  const { vocabulary, length } = config;
  let desk: Promise<Desk> | undefined;
  /** The version whose weights are on the desk. */
  let loaded: ModelVersion | undefined;

  async function open(): Promise<Desk> {
    const options = engineOptions(config, model, MAX_BATCH, length);
    const { engine, floats, batch } = await createWorkspace(options, { floats: layout.size, batches: 1 });
    return { engine, weights: floats(layout.size), batch: batch(MAX_BATCH, length) };
  }

  return {
    async model() {
      const { round, digest } = await versions();
      return { run, labels, vocabulary, length, round, digest };
    },
    async predict(sequences) {
      const { engine, weights, batch } = await (desk ??= open());
      const version = await versions();
      // From here on nothing is awaited, so that no other request changes weights or batch.
      if (version !== loaded) weights.set(version.weights);
      loaded = version;
      const predictions: Prediction[] = [];
      for (let first = 0; first < sequences.length; first += MAX_BATCH) {
        const part = sequences.slice(first, first + MAX_BATCH);
        batch.size = part.length;
        for (const [row, tokens] of part.entries()) {
          batch.tokens.set(tokens, row * length);
          batch.lengths[row] = tokens.length;
        }
        const probabilities = engine.predict(weights, batch);
        predictions.push(...part.map((_, row) => prediction(probabilities, row, labels)));
      }
      return { run, round: version.round, digest: version.digest, predictions };
    },
  };
}

function prediction(all: Float32Array, row: number, labels: readonly string[]): Prediction {
  const probabilities = [...all.subarray(row * labels.length, (row + 1) * labels.length)];
  const best = probabilities.indexOf(Math.max(...probabilities));
  return { class: best, label: labels[best]!, probabilities };
}
