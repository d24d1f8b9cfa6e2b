/**
 * Identifies the arithmetic of a machine by a digest of its results on a small problem, so that machines with different bits
 * never train together.
 */
import { createHash } from "node:crypto";
import type { TrainingConfig } from "../../config/schema.ts";
import { clipScale } from "../../engine/adam.ts";
import type { NativeLibrary, Replica } from "../../engine/contract.ts";
import { engineOptions } from "../../engine/create_engine.ts";
import { learningRateAt } from "../../engine/learning_rate.ts";
import { createTreeMean } from "../../engine/tree_mean.ts";
import { createWorkspace } from "../../engine/workspace.ts";
import { initialWeights } from "../../model/initial.ts";
import { taskModel } from "../../model/task_model.ts";

/** Small sizes that are not multiples of the kernels' widths. */
const TINY = {
  task: "parity",
  vocabulary: 37,
  length: 7,
  embedding: 10,
  letterRows: 0,
  hidden: 19,
  batchSize: 9,
  shards: 3,
} as const;
const STEPS = 3;
const PARTS = ["weights", "m", "v"] as const;

/**
 * Trains some steps on a small problem with the engine, the constants and the kind of model of `training`, on this machine's
 * kernels. Resolves to the SHA-256, in hex, of the bits of forward pass, gradients, dropout, norm, clipping, Adam, means and
 * predictions.
 */
export async function arithmeticDigest(training: TrainingConfig, native?: NativeLibrary): Promise<string> {
  const config: TrainingConfig = { ...training, ...TINY };
  const model = taskModel(config);
  const { layout, spec, dataset } = model;
  const options = engineOptions(config, model, config.batchSize, config.length, { native });
  const room = { floats: 16 * (layout.size + 16), batches: 1, ...spec.labels && { maxLabels: 1 } };
  const { engine, floats, batch } = await createWorkspace(options, room);
  const hash = createHash("sha256");
  const add = (values: Float32Array) => hash.update(bytesOf(values));
  const replica = (): Replica => ({ weights: floats(layout.size), m: floats(layout.size), v: floats(layout.size) });
  const state = replica();
  state.weights.set(initialWeights(spec, layout, config));
  add(state.weights);
  const [moved, next] = [replica(), replica()];
  const gradients = Array.from({ length: config.shards }, () => floats(layout.size));
  const rows = batch(config.batchSize, config.length);
  // Where a row may have several labels, each has one.
  rows.labelOffsets?.forEach((_, row, offsets) => offsets[row] = row);
  const coefficients = Float32Array.of(0.2, 0.3, 0.5);
  const tree = createTreeMean(config.shards);
  for (let step = 0; step < STEPS; step++) {
    const range = { step: step + 1, learningRate: learningRateAt(config, step), begin: 0, end: layout.size };
    const replicas: Replica[] = [];
    const scales = gradients.map((gradient, shard) => {
      dataset.trainingBatch(rows, step, shard);
      gradient.fill(0);
      const { lossSum } = engine.gradients(state.weights, rows, gradient, step * config.shards + shard);
      const squared = engine.squaredNorm(gradient, 0, layout.size);
      const scale = clipScale(squared, config.clipNorm);
      engine.update(state, gradient, moved, { ...range, scale });
      replicas.push({ weights: moved.weights.slice(), m: moved.m.slice(), v: moved.v.slice() });
      hash.update(Float64Array.of(lossSum, squared, scale));
      add(gradient);
      return scale;
    });
    const stamps: Int32Array[] = [];
    engine.updateMean(state, gradients, next, {
      ...range,
      scales: Float64Array.from(scales),
      coefficients,
      stamps,
      stamp: 0,
    });
    for (const part of PARTS) {
      const mean = new Float32Array(layout.size);
      tree.mean(replicas.map((own) => own[part]), coefficients, mean, 0, layout.size);
      add(mean);
      add(next[part]);
      state[part].set(next[part]);
    }
  }
  dataset.heldOutBatch(rows, 0, config.batchSize);
  add(engine.predict(state.weights, rows));
  hash.update(Float64Array.of(engine.evaluate(state.weights, rows).lossSum));
  return hash.digest("hex");
}

/** Copies the values, as shared memory cannot be hashed in place. */
function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.slice().buffer);
}
