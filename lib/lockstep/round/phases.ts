/**
 * Trains the phases of a round with averaged weights: in each the shards take local steps, and between two of them every
 * group of shards averages its replicas. The caller averages over all shards at the end of the round.
 */
import type { Replica } from "../../engine/contract.ts";
import { coefficients } from "../../engine/tree_mean.ts";
import type { Span } from "../../engine/tree_nodes.ts";
import { currentAndNext } from "../memory/control.ts";
import { ShardField } from "../memory/fields.ts";
import { stampOf } from "../memory/sparse_rows.ts";
import { type Phase, phasesOf, type Round } from "../round_schedule.ts";
import { averagedVectors, sliceOfVector } from "./averaged_vectors.ts";
import type { WorkerContext } from "./context.ts";
import { localSteps } from "./local_steps.ts";

/** Does this worker's part of training `shards`, until their slots hold the replicas that the round averages. */
type TrainPhases = (
  shards: readonly number[],
  groups: readonly Span[],
  round: Round,
  committed: number,
) => void;

export function trainPhases(context: WorkerContext): TrainPhases {
  const { config: { training }, timed, barrier } = context;
  const takeSteps = localSteps(context);
  const averageGroup = groupMeans(context);

  return function train(shards, groups, round, committed) {
    for (const phase of phasesOf(training, round)) {
      timed("compute", () => context.claims.each(shards, (shard) => takeSteps(shard, phase, committed)));
      if (phase.isFirst) context.chaos(committed, 1);
      timed("wait", () => barrier());
      if (phase.isLast) return;
      timed("average", () => groups.forEach((group) => averageGroup(group, phase, committed)));
      timed("wait", () => barrier());
    }
  };
}

/**
 * Returns the function that does this worker's part of averaging a group of shards in place, after a phase that is not the
 * last: every replica of the group becomes the mean. This is hierarchical local SGD (Lin, Stich, Patel and Jaggi 2018,
 * "Don't use large mini-batches, use local SGD", arXiv:1808.07217). The moments are averaged or not, like at the end of a
 * round.
 *
 * With lazy rows (memory/sparse_rows.ts), a row that some shards of the group touched is averaged over the whole group; the
 * other shards use the row of the state. Afterwards all of them stamp the row, which their replicas now have. A row that no
 * shard of the group touched stays the row of the state, even if other groups touched it. Local moments need no work: where
 * a shard did not touch a row, they are already the same in both copies of the state.
 */
function groupMeans(context: WorkerContext): (group: Span, phase: Phase, committed: number) => void {
  const { config: { training }, plan: { spec }, run, engine, findRows } = context;
  const width = spec.embedding;
  const vectors = averagedVectors(run, training);
  const { begin, end } = sliceOfVector(context);
  /** `[shard]`: its weight in this round up to the group's previous mean. */
  const counted = new Float64Array(training.shards);

  /** Weighs each shard by the rows that it learnt from in this phase. Only an epoch's last step has shards without rows. */
  function weightsIn({ first, last }: Span, isFirst: boolean): Float32Array {
    const weights: number[] = [];
    for (let shard = first; shard < last; shard++) {
      const weight = run.shards[shard]![ShardField.weight]!;
      weights.push(weight - (isFirst ? 0 : counted[shard]!));
      counted[shard] = weight;
    }
    return coefficients(weights);
  }

  return function averageGroup(group, { isFirst }, committed) {
    const { first, last } = group;
    if (last - first === 1 && training.moments !== "reset") return; // It is its own mean.
    const own = weightsIn(group, isFirst);
    const stamp = stampOf(committed);
    const stamps = run.stamps.slice(first, last);
    const { touched } = findRows(stamps, stamp);
    for (const { slots, states } of vectors) {
      const ofGroup = slots.slice(first, last);
      const [current] = currentAndNext(states, committed);
      const mean = ofGroup[0]!;
      const options = { vectors: ofGroup, coefficients: own, into: mean, drift: false };
      engine.average({ ...options, begin, end });
      engine.averageRows({ ...options, rows: touched, stamps, stamp, otherwise: current });
      for (const values of ofGroup.slice(1)) {
        values.set(mean.subarray(begin, end), begin);
        engine.copyRows(mean, values, touched);
      }
    }
    for (const row of touched) {
      if (training.moments === "reset") run.slots.slice(first, last).forEach((slot) => startMoments(slot, row));
      for (const values of stamps) values[row] = stamp;
    }
  };

  function startMoments({ m, v }: Replica, row: number): void {
    m.fill(0, row * width, (row + 1) * width);
    v.fill(0, row * width, (row + 1) * width);
  }
}
