/**
 * Finds losses, gradients and weights that are not finite, before the round commits: a gradient by its squared norm, which
 * every step needs anyway, the averaged weights by theirs. If all gradients and their squares fit into float32, so do
 * Adam's moments, which are their means.
 */
import type { BatchMetrics } from "../data/batches/batch.ts";
import { clipScale } from "../engine/adam.ts";
import { adamUpdate } from "../engine/reference/optimizer.ts";
import { currentAndNext, isDriftMeasured } from "./memory/control.ts";
import { ShardField } from "./memory/fields.ts";
import { stampOf } from "./memory/sparse_rows.ts";
import { currentHistory, learningRateAfter } from "./memory/training_history.ts";
import { replicaOf, type SharedRun } from "./memory/views.ts";
import { isSingleStepRound, type LockstepConfig, type Plan } from "./plan.ts";
import type { Round } from "./round_schedule.ts";

/** Ends training that diverged: the same round would diverge again. */
export class Divergence extends Error {
  override readonly name = "Divergence";
}

/** Numbers, for shared memory, the values that can fail to be finite. */
export const NonFinite = { loss: 1, gradient: 2, weights: 3, heldOut: 4 } as const;
export type NonFinite = typeof NonFinite[keyof typeof NonFinite];

export interface Finding {
  readonly kind: NonFinite;
  readonly value: number;
  /** The shard, or -1 if no single shard caused it. */
  readonly shard: number;
  /** The step of the schedule, from 1. */
  readonly step: number;
}

const FLOAT32_MAX = 3.4028234663852886e38;

/** Notes in the fields of a shard if its step `step` (from 0) was not finite. Keeps the first such step. */
export function checkStep(fields: Float64Array, step: number, { lossSum }: BatchMetrics, squaredNorm: number): void {
  if (fields[ShardField.failedStep]! > 0) return;
  if (!Number.isFinite(lossSum)) note(fields, step, NonFinite.loss, lossSum);
  else if (!(squaredNorm <= FLOAT32_MAX)) note(fields, step, NonFinite.gradient, squaredNorm);
}

function note(fields: Float64Array, step: number, kind: NonFinite, value: number): void {
  fields[ShardField.failedStep] = step + 1;
  fields[ShardField.failedKind] = kind;
  fields[ShardField.failedValue] = value;
}

/**
 * Finds the first value that is not finite in `round`, which is about to commit: by step, then by shard. If other machines
 * have some of the shards, this machine cannot name the shard of weights or gradients.
 */
export function findDivergence(
  run: SharedRun,
  plan: Plan,
  config: LockstepConfig,
  committed: number,
  round: Round,
): Finding | undefined {
  const { map } = plan;
  const first = firstFailedStep(run);
  if (first) return first;
  const step = round.firstStep + round.steps;
  const shardOf = (vectorOf: (shard: number) => Float32Array) =>
    config.remote ? -1 : firstShardNotFinite(run, plan, stampOf(committed), vectorOf);
  if (map.average === "gradients") {
    const squared = run.norms.reduce((sum, block) => sum + block, 0);
    const value = squared * clipScale(squared, config.training.clipNorm) ** 2;
    if (!(value <= FLOAT32_MAX)) {
      return { kind: NonFinite.gradient, value, shard: shardOf((shard) => run.shardGradients[shard]!), step };
    }
  }
  const value = run.written.reduce((sum, slice) => sum + slice[0]!, 0);
  if (Number.isFinite(value)) return undefined;
  if (map.average === "gradients") return { kind: NonFinite.weights, value, shard: -1, step };
  const isSingleStep = isSingleStepRound(config, round, isDriftMeasured(run.control, committed + 1));
  const shard = shardOf((shard) =>
    isSingleStep ? weightsOfShard(shard, config, plan, run, round, committed) : run.slots[shard]!.weights
  );
  return { kind: NonFinite.weights, value, shard, step };
}

function firstFailedStep(run: SharedRun): Finding | undefined {
  let first: Finding | undefined;
  for (const [shard, fields] of run.shards.entries()) {
    const step = fields[ShardField.failedStep]!;
    if (step > 0 && step < (first?.step ?? Infinity)) {
      const kind = fields[ShardField.failedKind] === NonFinite.loss ? NonFinite.loss : NonFinite.gradient;
      first = { kind, value: fields[ShardField.failedValue]!, shard, step };
    }
  }
  return first;
}

/** Returns the first shard whose vector is not finite where this round wrote it, or -1. */
function firstShardNotFinite(
  run: SharedRun,
  { map, layout, spec }: Plan,
  stamp: number,
  vectorOf: (shard: number) => Float32Array,
): number {
  return run.shards.findIndex((fields, shard) => {
    if (fields[ShardField.samples] === 0) return false; // It took no step.
    const stamps = run.stamps[shard];
    return vectorOf(shard).subarray(0, layout.size).some((value, i) => {
      if (i < map.lazyElements && stamps?.[Math.floor(i / spec.embedding)] !== stamp) return false;
      return !Number.isFinite(value);
    });
  });
}

/** Recomputes the weights of `shard` after a single-step round, which keeps no replicas. */
function weightsOfShard(
  shard: number,
  { training }: LockstepConfig,
  { layout, engine: { adam }, map }: Plan,
  run: SharedRun,
  { firstStep }: Round,
  committed: number,
): Float32Array {
  const from = replicaOf(currentAndNext(run.states, committed)[0]);
  const into = { weights: from.weights.slice(), m: from.m.slice(), v: from.v.slice() };
  const stamp = stampOf(committed);
  const touched = [...run.stamps[shard]!.entries()].flatMap(([row, value]) => value === stamp ? [row] : []);
  adamUpdate(layout, adam, from, run.shardGradients[shard]!, into, {
    step: firstStep + 1,
    learningRate: learningRateAfter(training, firstStep, currentHistory(run, committed).rollbacks),
    scale: run.scales[shard]!,
    begin: 0,
    end: layout.size,
    rows: map.lazyRows > 0 ? Int32Array.from(touched) : undefined,
  });
  return into.weights;
}

/** Describes a finding in words, with step, shard and learning rate. */
export function findingText({ kind, value, shard, step }: Finding, learningRate: number): string {
  const of = shard < 0 ? "" : ` of shard ${shard}`;
  const what = {
    [NonFinite.loss]: `The loss${of} is ${value} at step ${step}`,
    [NonFinite.gradient]: `The gradient${of} is not finite at step ${step}`,
    [NonFinite.weights]: `The weights${of} are not finite after step ${step}`,
    [NonFinite.heldOut]: `The validation loss is ${value} after step ${step}`,
  };
  return `${what[kind]}: training diverged with learning rate ${learningRate}`;
}
