/** Which rounds joint_step.ts makes in one pass, and what it leaves behind of them. */
import { adamUpdate } from "../engine/adam.ts";
import type { Replica } from "../engine/contract.ts";
import { Word } from "./memory/control.ts";
import { learningRateAfter, readCourse } from "./memory/training_history.ts";
import { currentAndNext } from "./memory/map.ts";
import type { LockstepConfig, Plan } from "./plan.ts";
import { stampOf } from "./memory/sparse_rows.ts";
import type { Round } from "./schedule.ts";
import type { SharedRun, StateView } from "./memory/views.ts";

/**
 * Whether the round that follows `committed` rounds is one of these. Drift is about replicas, and what other machines sum
 * up are theirs.
 */
export function isJoint(
  { training, remote }: LockstepConfig,
  run: SharedRun,
  round: Round,
  committed: number,
): boolean {
  const { average, moments } = training;
  const isMeasured = Atomics.load(run.control, Word.driftRound) === committed + 1;
  return average === "weights" && moments === "average" && !remote && round.steps === 1 && !isMeasured;
}

/** The weights that `shard` came to in such a round, made once more: to say whose are not finite. */
export function weightsOfShard(
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
  const { rollbacks } = readCourse(run.courses[committed & 1 ? 1 : 0]);
  const touched = [...run.stamps[shard]!.entries()].flatMap(([row, value]) => value === stamp ? [row] : []);
  adamUpdate(layout, adam, from, run.shardGradients[shard]!, into, {
    step: firstStep + 1,
    learningRate: learningRateAfter(training, firstStep, rollbacks),
    scale: run.scales[shard]!,
    begin: 0,
    end: layout.size,
    rows: map.rows > 0 ? Int32Array.from(touched) : undefined,
  });
  return into.weights;
}

/** A state with averaged moments as what a step starts from. */
export function replicaOf({ weights, moments }: StateView): Replica {
  return { weights, ...moments[0]! };
}
