/**
 * All rounds of a training in one thread, by the letter of the design and without any of lib/lockstep: the oracle of the
 * worker loop. Only gradients and optimizer steps are an engine's.
 */
import type { TrainingConfig } from "../../lib/config/schema.ts";
import { createBatch } from "../../lib/data/batch.ts";
import type { Engine, Replica } from "../../lib/engine/contract.ts";
import { createTfjsEngine } from "../../lib/engine/tfjs.ts";
import { initialWeights } from "../../lib/model/initial.ts";
import { type TaskModel, taskModel } from "../../lib/model/task_model.ts";
import { simdOnPlainArrays } from "../engine/plain_arrays.ts";
import { plainMean } from "./plain_mean.ts";

export interface PlainModel extends TaskModel {
  readonly engine: Engine;
}

/** The model and the engine of `config`; tfjs on the backend cpu. */
export async function plainModel(config: TrainingConfig): Promise<PlainModel> {
  const model = taskModel(config);
  const adam = { beta1: 0.9, beta2: 0.999, epsilon: config.adamEpsilon, weightDecay: config.weightDecay };
  const needs = { spec: model.spec, layout: model.layout, adam };
  const engine = config.engine === "simd"
    ? await simdOnPlainArrays(needs)
    : await createTfjsEngine({ backend: "cpu", ...needs });
  return { ...model, engine };
}

function newReplica({ spec, layout }: TaskModel, config: TrainingConfig): Replica {
  const weights = initialWeights(spec, layout, config);
  return { weights, m: new Float32Array(layout.size), v: new Float32Array(layout.size) };
}

/** The gradient of `shard` at `step`, and the loss before it. */
function gradientOf(model: PlainModel, config: TrainingConfig, weights: Float32Array, shard: number, step: number) {
  const batch = createBatch(config.batchSize, config.length);
  model.dataset.fill(batch, "training", (step * config.shards + shard) * config.batchSize);
  const gradient = new Float32Array(model.layout.size);
  const { lossSum } = model.engine.gradients(weights, batch, gradient, step * config.shards + shard);
  return { gradient, lossSum };
}

/** Moves `replica` by `gradient`, clipped; `t` is Adam's step, from 1. */
function move(
  { engine, layout }: PlainModel,
  config: TrainingConfig,
  replica: Replica,
  gradient: Float32Array,
  t: number,
) {
  let squared = 0;
  // Sums of 4,096 elements each, then their sum: the one rounding that the result depends on.
  const block = config.average === "gradients" ? 4096 : layout.size;
  for (let begin = 0; begin < layout.size; begin += block) {
    squared += engine.squaredNorm(gradient, begin, Math.min(begin + block, layout.size));
  }
  const scale = config.clipNorm === 0 ? 1 : Math.min(1, config.clipNorm / (Math.sqrt(squared) + 1e-6));
  const { learningRate } = config;
  engine.update(replica, gradient, replica, { step: t, learningRate, scale, begin: 0, end: layout.size });
}

export interface PlainResult {
  /** As a state has them: weights, then m and v of each moment set. */
  readonly values: Float32Array;
  readonly steps: number;
  /** `[step]` summed over the shards. */
  readonly losses: readonly number[];
}

/** Trains all epochs of `config`. */
export function plainTraining(model: PlainModel, config: TrainingConfig): PlainResult {
  return config.average === "gradients" ? plainGradients(model, config) : plainWeights(model, config);
}

function plainWeights(model: PlainModel, config: TrainingConfig): PlainResult {
  const { shards, averageEvery, stepsPerEpoch, epochs, moments } = config;
  const samples = new Array<number>(shards).fill(config.batchSize);
  const replicas = samples.map(() => newReplica(model, config));
  const losses: number[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let local = 0; local < stepsPerEpoch; local++) {
      const step = epoch * stepsPerEpoch + local;
      const inRound = local % averageEvery;
      let loss = 0;
      for (const [shard, replica] of replicas.entries()) {
        if (inRound === 0 && moments === "reset") {
          replica.m.fill(0);
          replica.v.fill(0);
        }
        const { gradient, lossSum } = gradientOf(model, config, replica.weights, shard, step);
        move(model, config, replica, gradient, moments === "reset" ? inRound + 1 : step + 1);
        loss += lossSum;
      }
      losses.push(loss);
      if (inRound !== averageEvery - 1 && local !== stepsPerEpoch - 1) continue;
      for (const part of moments === "average" ? ["weights", "m", "v"] as const : ["weights"] as const) {
        const mean = plainMean(replicas.map((replica) => replica[part]), samples);
        for (const replica of replicas) replica[part].set(mean);
      }
    }
  }
  const { weights, m, v } = replicas[0]!;
  const parts = {
    average: [weights, m, v],
    local: [weights, ...replicas.flatMap((replica) => [replica.m, replica.v])],
    reset: [weights],
  };
  return { values: joined(parts[moments]), steps: epochs * stepsPerEpoch, losses };
}

function plainGradients(model: PlainModel, config: TrainingConfig): PlainResult {
  const replica = newReplica(model, config);
  const samples = new Array<number>(config.shards).fill(config.batchSize);
  const steps = config.epochs * config.stepsPerEpoch;
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const each = samples.map((_, shard) => gradientOf(model, config, replica.weights, shard, step));
    move(model, config, replica, plainMean(each.map(({ gradient }) => gradient), samples), step + 1);
    losses.push(each.reduce((sum, { lossSum }) => sum + lossSum, 0));
  }
  return { values: joined([replica.weights, replica.m, replica.v]), steps, losses };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

/** Loss and accuracy of `weights` on all held-out sequences, 30 at a time. */
export function plainHeldOut(
  { engine, dataset }: PlainModel,
  weights: Float32Array,
): { loss: number; accuracy: number } {
  const batch = createBatch(30, dataset.length);
  const total = { loss: 0, accuracy: 0 };
  for (let first = 0; first < dataset.heldOut; first += 30) {
    batch.size = Math.min(30, dataset.heldOut - first);
    dataset.fill(batch, "heldOut", first);
    const { lossSum, correct } = engine.evaluate(weights, batch);
    total.loss += lossSum / dataset.heldOut;
    total.accuracy += correct / dataset.heldOut;
  }
  return total;
}
