/**
 * Runs all rounds of a training in one thread, as the documentation describes them and without any code of lib/lockstep:
 * the oracle of the worker loop. Only gradients and optimizer steps come from an engine.
 */
import type { TrainingConfig } from "../../lib/config/schema.ts";
import { createBatch } from "../../lib/data/batches/batch.ts";
import type { TrainingData } from "../../lib/data/batches/table.ts";
import type { Engine, Replica } from "../../lib/engine/contract.ts";
import { createTfjsEngine } from "../../lib/engine/tfjs/engine.ts";
import { initialWeights } from "../../lib/model/initial.ts";
import { type TaskModel, taskModel } from "../../lib/model/task_model.ts";
import { simdOnPlainArrays } from "../engine/plain_arrays.ts";
import { plainMean } from "./plain_mean.ts";

interface PlainModel extends TaskModel {
  readonly engine: Engine;
}

/** Creates the model and the engine of `config`; tfjs runs on the backend cpu. */
export async function plainModel(config: TrainingConfig, data?: TrainingData): Promise<PlainModel> {
  const model = taskModel(config, data);
  const adam = { beta1: 0.9, beta2: 0.999, epsilon: config.adamEpsilon, weightDecay: config.weightDecay };
  const dropout = { rate: config.dropout, seed: config.seed };
  const { classWeights } = model.dataset;
  const needs = { spec: model.spec, layout: model.layout, adam, dropout, ...(classWeights && { classWeights }) };
  const engine = config.engine === "simd"
    ? await simdOnPlainArrays(needs)
    : await createTfjsEngine({ backend: "cpu", ...needs });
  return { ...model, engine };
}

function newReplica({ spec, layout }: TaskModel, config: TrainingConfig): Replica {
  const weights = initialWeights(spec, layout, config);
  return { weights, m: new Float32Array(layout.size), v: new Float32Array(layout.size) };
}

/**
 * Returns the gradient of `shard` at `step`, the loss before it, the rows of the embedding that its batch reads in the order
 * of first occurrence, its rows and their weight among all; or undefined if it has no rows.
 */
function gradientOf(model: PlainModel, config: TrainingConfig, weights: Float32Array, shard: number, step: number) {
  const { mostVectors } = model.dataset;
  const batch = createBatch(config.batchSize, config.length, undefined, mostVectors?.(config.batchSize));
  model.dataset.trainingBatch(batch, step, shard);
  if (batch.size === 0) return undefined;
  const gradient = new Float32Array(model.layout.size);
  const { lossSum } = model.engine.gradients(weights, batch, gradient, step * config.shards + shard);
  const rows = Array.from({ length: batch.size }, (_, row) => row);
  const real = batch.vectors
    ? batch.vectors.rows.subarray(0, batch.vectors.offsets[batch.vectors.count])
    : rows.flatMap((
      row,
    ) => [...batch.tokens.subarray(row * batch.length, row * batch.length + batch.lengths[row]!)]);
  const { classWeights } = model.dataset;
  const weight = rows.reduce((sum, row) => sum + (classWeights?.[batch.labels[row]!] ?? 1), 0);
  return { gradient, lossSum, tokens: [...new Set(real)], size: batch.size, weight };
}

/** Computes the learning rate as its documentation says. */
function rateAt({ learningRate, schedule, warmupSteps, epochs, stepsPerEpoch }: TrainingConfig, step: number): number {
  if (step < warmupSteps) return learningRate * ((step + 1) / warmupSteps);
  const passed = (step - warmupSteps) / (epochs * stepsPerEpoch - warmupSteps);
  const falls = { constant: learningRate, linear: learningRate * (1 - passed) };
  return schedule === "cosine" ? learningRate * (1 + Math.cos(Math.PI * passed)) / 2 : falls[schedule];
}

const PARTS = ["weights", "m", "v"] as const;

/** Moves `replica` by `gradient`, clipped by its squared norm; `t` is Adam's step, from 1. With lazy rows, only the rows of `tokens`. */
function move(
  { engine, layout, spec }: PlainModel,
  config: TrainingConfig,
  replica: Replica,
  { gradient, squared, tokens }: { gradient: Float32Array; squared: number; tokens: readonly number[] },
  step: number,
  t: number,
) {
  const scale = config.clipNorm === 0 ? 1 : Math.min(1, config.clipNorm / (Math.sqrt(squared) + 1e-6));
  const before = PARTS.map((part) => replica[part].slice());
  const options = { step: t, learningRate: rateAt(config, step), scale, begin: 0, end: layout.size };
  engine.update(replica, gradient, replica, options);
  if (config.embeddingRows === "dense") return;
  for (let token = 0; token < spec.vocabulary + spec.letterRows; token++) {
    if (tokens.includes(token)) continue;
    const [begin, end] = [token * spec.embedding, (token + 1) * spec.embedding];
    for (const [i, part] of PARTS.entries()) replica[part].set(before[i]!.subarray(begin, end), begin);
  }
}

interface PlainResult {
  /** In the order of a state: weights, then m and v of each moment set. */
  readonly values: Float32Array;
  readonly steps: number;
  /** `[step]` the sum over the shards. */
  readonly losses: readonly number[];
}

/** Trains all epochs of `config`. */
export function plainTraining(model: PlainModel, config: TrainingConfig): PlainResult {
  return config.average === "gradients" ? plainGradients(model, config) : plainWeights(model, config);
}

function plainWeights(model: PlainModel, config: TrainingConfig): PlainResult {
  const { shards, averageEvery, clusterEvery, stepsPerEpoch, epochs, moments } = config;
  const { engine, layout } = model;
  const all = Array.from({ length: shards }, (_, shard) => shard);
  const replicas = Array.from({ length: shards }, () => newReplica(model, config));
  let [taken, counts, ofPart] = [all.map(() => 0), all.map(() => 0), all.map(() => 0)];
  const losses: number[] = [];
  let touched: Set<number>[] = []; // [shard] in this round
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let local = 0; local < stepsPerEpoch; local++) {
      const step = epoch * stepsPerEpoch + local;
      const inRound = local % (averageEvery * clusterEvery);
      const inPart = local % averageEvery;
      if (inRound === 0) {
        touched = all.map(() => new Set());
        counts = counts.map(() => 0);
      }
      if (inPart === 0) {
        taken = taken.map(() => 0);
        ofPart = ofPart.map(() => 0);
      }
      let loss = 0;
      for (const [shard, replica] of replicas.entries()) {
        if (inPart === 0 && moments === "reset") {
          replica.m.fill(0);
          replica.v.fill(0);
        }
        const own = gradientOf(model, config, replica.weights, shard, step);
        if (!own) continue;
        const { gradient, lossSum, tokens, weight } = own;
        const rows = config.embeddingRows === "lazy" ? Int32Array.from(tokens) : undefined;
        const squared = engine.squaredNorm(gradient, 0, layout.size, rows);
        move(
          model,
          config,
          replica,
          { gradient, squared, tokens },
          step,
          moments === "reset" ? taken[shard]! + 1 : step + 1,
        );
        taken[shard]!++;
        counts[shard]! += weight;
        ofPart[shard]! += weight;
        loss += lossSum;
        tokens.forEach((token) => touched[shard]!.add(token));
      }
      losses.push(loss);
      const endsRound = inRound === averageEvery * clusterEvery - 1 || local === stepsPerEpoch - 1;
      if (endsRound) average(model, config, { replicas, touched, counts, group: all });
      else if (inPart === averageEvery - 1) {
        for (const group of plainGroups(config)) average(model, config, { replicas, touched, counts: ofPart, group });
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

/** Groups neighbours; of uneven groups the smaller come first. */
function plainGroups({ shards, groups }: TrainingConfig): number[][] {
  const owners = Array.from({ length: shards }, (_, shard) => {
    let group = 0;
    while (Math.floor(shards * (group + 1) / groups) <= shard) group++;
    return group;
  });
  return Array.from({ length: groups }, (_, group) => [...owners.keys()].filter((shard) => owners[shard] === group));
}

/** Sets all replicas of `group` to their mean; `touched` lists the rows that each shard moved since they were equal. */
function average(
  { spec }: PlainModel,
  { embeddingRows, moments }: TrainingConfig,
  { replicas, touched, counts, group }: {
    readonly replicas: readonly Replica[];
    readonly touched: readonly ReadonlySet<number>[];
    readonly counts: readonly number[];
    readonly group: readonly number[];
  },
) {
  const own = group.map((shard) => replicas[shard]!);
  for (const part of moments === "average" ? PARTS : ["weights"] as const) {
    const mean = plainMean(own.map((replica) => replica[part]), group.map((shard) => counts[shard]!));
    if (embeddingRows === "lazy") {
      for (let token = 0; token < spec.vocabulary + spec.letterRows; token++) {
        if (group.some((shard) => touched[shard]!.has(token))) continue;
        // No replica has moved it: they are still equal.
        const [begin, end] = [token * spec.embedding, (token + 1) * spec.embedding];
        mean.set(own[0]![part].subarray(begin, end), begin);
      }
    }
    for (const replica of own) replica[part].set(mean);
  }
}

function plainGradients(model: PlainModel, config: TrainingConfig): PlainResult {
  const replica = newReplica(model, config);
  const shards = Array.from({ length: config.shards }, (_, shard) => shard);
  const steps = config.epochs * config.stepsPerEpoch;
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const each = shards.map((shard) => gradientOf(model, config, replica.weights, shard, step))
      .filter((own) => own !== undefined);
    const gradient = plainMean(each.map(({ gradient }) => gradient), each.map(({ weight }) => weight));
    const tokens = [...new Set(each.map(({ tokens }) => tokens).flat())];
    const squared = squaredInBlocks(model, config, gradient, new Set(tokens));
    move(model, config, replica, { gradient, squared, tokens }, step, step + 1);
    losses.push(each.reduce((sum, { lossSum }) => sum + lossSum, 0));
  }
  return { values: joined([replica.weights, replica.m, replica.v]), steps, losses };
}

/**
 * Computes the squared norm as a sum of sums, on whose rounding the result depends: over each 16 rows that move one by one,
 * touched neighbours together; then over each 4,096 elements.
 */
function squaredInBlocks(
  { engine, layout, spec }: PlainModel,
  config: TrainingConfig,
  gradient: Float32Array,
  touched: ReadonlySet<number>,
): number {
  let total = 0;
  let begin = 0;
  if (config.embeddingRows === "lazy") {
    const height = spec.vocabulary + spec.letterRows;
    for (let block = 0; block < height; block += 16) {
      let ofBlock = 0;
      const end = Math.min(block + 16, height);
      for (let first = block, last = block; first < end; first = last) {
        while (last < end && touched.has(last) === touched.has(first)) last++;
        if (!touched.has(first)) continue;
        ofBlock += engine.squaredNorm(gradient, first * spec.embedding, last * spec.embedding);
      }
      total += ofBlock;
    }
    begin = layout.tensors[1]!.offset;
  }
  for (; begin < layout.size; begin += 4096) {
    total += engine.squaredNorm(gradient, begin, Math.min(begin + 4096, layout.size));
  }
  return total;
}

function joined(parts: readonly Float32Array[]): Float32Array {
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

/** Evaluates `weights` on the whole validation set, 30 sequences at a time. */
export function plainHeldOut(
  { engine, dataset }: PlainModel,
  weights: Float32Array,
): { loss: number; accuracy: number } {
  const batch = createBatch(30, dataset.length, undefined, dataset.mostVectors?.(30));
  const total = { loss: 0, accuracy: 0 };
  for (let first = 0; first < dataset.heldOut; first += 30) {
    dataset.heldOutBatch(batch, first, Math.min(30, dataset.heldOut - first));
    const { lossSum, correct } = engine.evaluate(weights, batch);
    total.loss += lossSum / dataset.heldOut;
    total.accuracy += correct / dataset.heldOut;
  }
  return total;
}
