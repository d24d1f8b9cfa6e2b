/**
 * The mean of a group of shards between two parts of a round, in place: every replica of the group becomes it. This is
 * hierarchical local SGD (Lin, Stich, Patel and Jaggi 2018, "Don't use large mini-batches, use local SGD",
 * arXiv:1808.07217), with the moments averaged or not as at the end of a round.
 *
 * With lazy rows (rows.ts) the mean of a row that some shards of the group touched is over all of them; those that did
 * not touch it have the state's. All of them have stamped it then, as it is in their replicas now. A row that none of
 * them touched stays the state's, whatever other groups did to it. Local moments need nothing: those of a row that a
 * shard did not touch are the same in both copies of the state by then.
 */
import type { Replica } from "../../engine/contract.ts";
import { coefficients } from "../../engine/tree_mean.ts";
import type { Span } from "../../engine/tree_nodes.ts";
import { averagedVectors, portionOf } from "./averaged_vectors.ts";
import { currentAndNext } from "../memory/map.ts";
import { stampOf } from "../memory/sparse_rows.ts";
import type { Part } from "../schedule.ts";
import type { WorkerContext } from "./context.ts";

/** Figures of a shard: see shared_run.ts. */
const WEIGHT = 3;

/** Returns the function that takes this worker's part in the mean of one group, after a part that is not the last. */
export function groupMeans(context: WorkerContext): (group: Span, part: Part, committed: number) => void {
  const { config: { training }, plan: { spec }, run, engine, findRows } = context;
  const width = spec.embedding;
  const vectors = averagedVectors(run, training);
  const { begin, end } = portionOf(context);
  /** `[shard]` what it counted for in this round up to the mean before this one. */
  const counted = new Float64Array(training.shards);

  /** Each shard's share of what the group learnt from in this part. Only an epoch's last step has shards without rows. */
  function sharesIn({ first, last }: Span, isFirst: boolean): Float32Array {
    const weights: number[] = [];
    for (let shard = first; shard < last; shard++) {
      const weight = run.shards[shard]![WEIGHT]!;
      weights.push(weight - (isFirst ? 0 : counted[shard]!));
      counted[shard] = weight;
    }
    return coefficients(weights);
  }

  return function averageGroup(group, { isFirst }, committed) {
    const { first, last } = group;
    if (last - first === 1 && training.moments !== "reset") return; // It is its own mean.
    const own = sharesIn(group, isFirst);
    const stamp = stampOf(committed);
    const stamps = run.stamps.slice(first, last);
    const { touched } = findRows(stamps, stamp);
    for (const { slots, states } of vectors) {
      const ofGroup = slots.slice(first, last);
      const [current] = currentAndNext(states, committed);
      const mean = ofGroup[0]!;
      const shares = { vectors: ofGroup, coefficients: own, into: mean, drift: false };
      engine.average({ ...shares, begin, end });
      engine.averageRows({ ...shares, rows: touched, stamps, stamp, otherwise: current });
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
