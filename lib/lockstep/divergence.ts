/**
 * Losses, gradients and weights that are no numbers any more. They are noticed before the round commits: a gradient by
 * its squared norm, which every step needs anyway, the averaged weights by theirs. If all gradients fit into float32
 * with their squares, so do Adam's moments, which are means of them.
 */
import type { BatchMetrics } from "../data/batch.ts";
import { clipScale } from "../engine/adam.ts";
import { isJoint, weightsOfShard } from "./joint_round.ts";
import type { LockstepConfig, Plan } from "./plan.ts";
import type { Round } from "./schedule.ts";
import { stampOf } from "./memory/sparse_rows.ts";
import type { SharedRun } from "./memory/views.ts";

/** Training diverged, and nothing is to be done about it. The same round would come to the same again. */
export class Divergence extends Error {
  override readonly name = "Divergence";
}

/** What was not finite. The numbers are those in shared memory. */
export const Kind = { loss: 1, gradient: 2, weights: 3, heldOut: 4 } as const;
export type Kind = typeof Kind[keyof typeof Kind];

export interface Finding {
  readonly kind: Kind;
  readonly value: number;
  /** -1 where it is no shard's. */
  readonly shard: number;
  /** Of the schedule, from 1. */
  readonly step: number;
}

const FLOAT32_MAX = 3.4028234663852886e38;
/** Behind loss, hits, samples and weight. */
const FIRST_STEP = 4;

/** Notes in the figures of a shard whether its step `step` (from 0) was finite; the first that was not stays. */
export function checkStep(figures: Float64Array, step: number, { lossSum }: BatchMetrics, squaredNorm: number): void {
  if (figures[FIRST_STEP]! > 0) return;
  if (!Number.isFinite(lossSum)) figures.set([step + 1, Kind.loss, lossSum], FIRST_STEP);
  else if (!(squaredNorm <= FLOAT32_MAX)) figures.set([step + 1, Kind.gradient, squaredNorm], FIRST_STEP);
}

/**
 * What is not finite in `round`, which is about to commit: the first step, and of its shards the first. Where other
 * machines have some of the shards, nobody can say whose weights or gradients it was.
 */
export function findDivergence(
  run: SharedRun,
  plan: Plan,
  config: LockstepConfig,
  committed: number,
  round: Round,
): Finding | undefined {
  const { map, layout, spec } = plan;
  const { training: { clipNorm }, remote } = config;
  const stamp = stampOf(committed);
  let first: Finding | undefined;
  for (const [shard, figures] of run.shards.entries()) {
    const step = figures[FIRST_STEP]!;
    if (step > 0 && step < (first?.step ?? Infinity)) {
      const kind = figures[FIRST_STEP + 1] === Kind.loss ? Kind.loss : Kind.gradient;
      first = { kind, value: figures[FIRST_STEP + 2]!, shard, step };
    }
  }
  if (first) return first;
  const step = round.firstStep + round.steps;
  /** The first shard whose vector is not finite where this round wrote it. */
  function shardOf(vectorOf: (shard: number) => Float32Array): number {
    if (remote) return -1;
    return run.shards.findIndex((figures, shard) => {
      if (figures[2] === 0) return false; // It took no step.
      const stamps = run.stamps[shard];
      return vectorOf(shard).subarray(0, layout.size).some((value, i) => {
        if (i < map.lazyElements && stamps?.[Math.floor(i / spec.embedding)] !== stamp) return false;
        return !Number.isFinite(value);
      });
    });
  }
  if (map.average === "gradients") {
    const squared = run.norms.reduce((sum, block) => sum + block, 0);
    const value = squared * clipScale(squared, clipNorm) ** 2;
    if (!(value <= FLOAT32_MAX)) {
      return {
        kind: Kind.gradient,
        value,
        shard: shardOf((shard) => run.shardGradients[shard]!),
        step,
      };
    }
  }
  const value = run.written.reduce((sum, part) => sum + part[0]!, 0);
  if (Number.isFinite(value)) return undefined;
  if (map.average === "gradients") return { kind: Kind.weights, value, shard: -1, step };
  const shard = shardOf((shard) =>
    isJoint(config, run, round, committed)
      ? weightsOfShard(shard, config, plan, run, round, committed)
      : run.slots[shard]!.weights
  );
  return { kind: Kind.weights, value, shard, step };
}

/** What was found, in words: with step, shard and learning rate. */
export function findingText({ kind, value, shard, step }: Finding, learningRate: number): string {
  const of = shard < 0 ? "" : ` of shard ${shard}`;
  const what = {
    [Kind.loss]: `The loss${of} is ${value} at step ${step}`,
    [Kind.gradient]: `The gradient${of} is not finite at step ${step}`,
    [Kind.weights]: `The weights${of} are not finite after step ${step}`,
    [Kind.heldOut]: `The held-out loss is ${value} after step ${step}`,
  };
  return `${what[kind]}: training diverged with learning rate ${learningRate}`;
}
