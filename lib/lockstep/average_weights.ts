/** A round with `average: weights`: each shard takes local steps on a replica of its own, then the replicas are averaged. */
import { averagedVectors, portionOf } from "./averaged_parts.ts";
import { Word } from "./control.ts";
import { groupsOf } from "./groups.ts";
import { currentAndNext } from "./memory_map.ts";
import { roundParts } from "./parts.ts";
import { rowFinderOf, rowsOf, stampOf } from "./rows.ts";
import { sharesOf } from "./shares.ts";
import type { RoundPart, WorkerContext } from "./worker_loop.ts";

/** Returns the function that takes this worker's part in one round, up to the barrier that commits it. */
export function averageWeights(context: WorkerContext): RoundPart {
  const { worker, config: { workers, training }, plan: { map }, run, engine, timed } = context;
  const { rows, lazyElements } = map;
  const train = roundParts(context);
  const groups = groupsOf(training);
  const { slots, states } = averagedVectors(run, training);
  const { begin, end, average } = portionOf(context);
  const findRows = rowFinderOf(context);

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
        const vectors = slots.slice(0, active).map((slot) => slot[part]!);
        const shares = { vectors, coefficients, into, drift: measured && part === 0 };
        // A shard that did not touch a row has it from the state.
        distance += average({ ...shares, rows: touched, stamps, stamp, otherwise: current[part]! });
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
