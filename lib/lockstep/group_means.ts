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
import type { Replica } from "../engine/contract.ts";
import { coefficients } from "../engine/tree_mean.ts";
import type { Span } from "../engine/tree_nodes.ts";
import { averagedPartsOf, SEGMENT_BLOCK } from "./averaged_parts.ts";
import { currentAndNext } from "./memory_map.ts";
import { segmentOf } from "./plan.ts";
import { eachRowBlock, eachRun, stampOf } from "./rows.ts";
import type { Part } from "./schedule.ts";
import type { WorkerContext } from "./worker_loop.ts";

/** Figures of a shard: see shared_run.ts. */
const WEIGHT = 3;

/** Returns the function that takes this worker's part in the mean of one group, after a part that is not the last. */
export function groupMeans(context: WorkerContext): (group: Span, part: Part, committed: number) => void {
  const { worker, config: { workers, training }, plan: { layout, spec, map }, run, engine } = context;
  const { rows, lazyElements } = map;
  const width = spec.embedding;
  const averagedParts = averagedPartsOf(training);
  const slots = run.slots.map((slot) => averagedParts(slot.weights, slot)); // [shard][part]
  const [even, odd] = run.states;
  const states: [Float32Array[], Float32Array[]] = [
    averagedParts(even.weights, even.moments[0]),
    averagedParts(odd.weights, odd.moments[0]),
  ];
  const [begin, end] = segmentOf(worker, workers, layout.size, SEGMENT_BLOCK, lazyElements);
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
    const ofGroup = slots.slice(first, last);
    const [current] = currentAndNext(states, committed);
    const into = ofGroup[0]!;
    const owners = new Array<Float32Array>(ofGroup.length); // [shard of the group]: filled for each run of rows, so that no list is made for it

    /** Averages the elements of one part of the replicas, and gives them to all. */
    function average(part: number, vectors: readonly Float32Array[], begin: number, end: number): void {
      engine.average({ vectors, coefficients: own, into: into[part]!, begin, end, drift: false });
      const mean = into[part]!.subarray(begin, end);
      for (let i = 1; i < ofGroup.length; i++) ofGroup[i]![part]!.set(mean, begin);
    }

    for (let part = 0; part < into.length; part++) average(part, ofGroup.map((parts) => parts[part]!), begin, end);
    eachRowBlock(worker, workers, rows, (firstRow, lastRow) => {
      eachRun(stamps, stamp, firstRow, lastRow, {
        touched(from, to) {
          for (let part = 0; part < into.length; part++) {
            for (let i = 0; i < stamps.length; i++) {
              owners[i] = stamps[i]![from] === stamp ? ofGroup[i]![part]! : current[part]!;
            }
            average(part, owners, from * width, to * width);
          }
          if (training.moments === "reset") {
            run.slots.slice(first, last).forEach((slot) => startMoments(slot, from, to));
          }
          for (const of of stamps) of.fill(stamp, from, to);
        },
        stale() {}, // The end of the round's.
      });
    });
  };

  function startMoments({ m, v }: Replica, from: number, to: number): void {
    m.fill(0, from * width, to * width);
    v.fill(0, from * width, to * width);
  }
}
