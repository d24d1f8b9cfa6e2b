/** Predictions from the newest version of a model. */
import { type TrainingConfig } from "../config/schema.ts";
import { createBatch } from "../data/batch.ts";
import type { Engine } from "../engine/contract.ts";
import { createEngine } from "../engine/create.ts";
import { taskModel } from "../model/task_model.ts";
import type { VersionSource } from "./model_version.ts";

export interface ModelInfo {
  readonly run: string;
  readonly labels: readonly string[];
  readonly vocabulary: number;
  /** Tokens of a sequence. */
  readonly length: number;
  /** Rounds committed into the newest weights. */
  readonly round: number;
  /** SHA-256 of the state those weights are part of. */
  readonly digest: string;
}

export interface Prediction {
  /** Position in `labels`. */
  readonly class: number;
  readonly label: string;
  /** One a class, in the order of `labels`; sums to 1. */
  readonly probabilities: readonly number[];
}

/** All predictions of one answer come from the same weights. */
export interface Answer {
  readonly run: string;
  readonly round: number;
  readonly digest: string;
  readonly predictions: readonly Prediction[];
}

export interface Predictor {
  model(): Promise<ModelInfo>;
  /** Sequences are checked before: right length, tokens in range. One version of the weights answers for all. */
  predict(sequences: readonly (readonly number[])[]): Promise<Answer>;
}

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
