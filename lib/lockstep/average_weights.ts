/** A round with `average: weights`: each shard takes local steps on a replica of its own, then the replicas are averaged. */
import { averagedPartsOf, SEGMENT_BLOCK } from "./averaged_parts.ts";
import { Word } from "./control.ts";
import { groupsOf } from "./groups.ts";
import { currentAndNext } from "./memory_map.ts";
import { roundParts } from "./parts.ts";
import { segmentOf } from "./plan.ts";
import { createRowFinder, rowsOf, stampOf } from "./rows.ts";
import { sharesOf } from "./shares.ts";
import type { RoundPart, WorkerContext } from "./worker_loop.ts";

/** Returns the function that takes this worker's part in one round, up to the barrier that commits it. */
export function averageWeights(context: WorkerContext): RoundPart {
  const { worker, config: { workers, training }, plan: { layout, map }, run, engine, timed } = context;
  const { rows, lazyElements } = map;
  const train = roundParts(context);
  const groups = groupsOf(training);
  const averagedParts = averagedPartsOf(training);
  const ofShards = run.slots.map((slot) => averagedParts(slot.weights, slot));
  const slots = ofShards[0]!.map((_, part) => ofShards.map((parts) => parts[part]!)); // [part][shard]
  const [even, odd] = run.states;
  const states: [Float32Array[], Float32Array[]] = [
    averagedParts(even.weights, even.moments[0]),
    averagedParts(odd.weights, odd.moments[0]),
  ];
  // Of each part, behind the rows that are averaged one by one.
  const [begin, end] = segmentOf(worker, workers, layout.size, SEGMENT_BLOCK, lazyElements);
  const findRows = createRowFinder(worker, workers, rows, run.moved[worker]!);

  return function round(round, committed) {
    train(context.shards, groups, round, committed);
    timed("average", () => {
      const [current, next] = currentAndNext(states, committed);
      const { active, coefficients } = sharesOf(run);
      const measured = Atomics.load(run.control, Word.driftRound) === committed + 1;
      const stamp = stampOf(committed);
      const { touched, stale } = findRows(run.stamps, stamp);
      const stamps = run.stamps.slice(0, active);
      let distance = 0;
      for (const [part, into] of next.entries()) {
        // Drift is about weights.
        const shares = { vectors: slots[part]!.slice(0, active), coefficients, into, drift: measured && part === 0 };
        distance += engine.average({ ...shares, begin, end });
        // A shard that did not touch a row has it from the state.
        distance += engine.averageRows({ ...shares, rows: touched, stamps, stamp, otherwise: current[part]! });
        engine.copyRows(current[part]!, into, stale);
      }
      const [weights] = next;
      const dense = engine.squaredNorm(weights!, begin, end);
      run.written[worker]![0] = dense + engine.squaredNorm(weights!, 0, lazyElements, touched);
      if (measured) {
        const own = rowsOf(worker, workers, rows);
        run.drift[worker]!.set([distance, dense + engine.squaredNorm(weights!, 0, lazyElements, own)]);
      }
    });
  };
}
