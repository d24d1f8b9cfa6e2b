/** A round with `average: weights`: each shard takes local steps on a replica of its own, then the replicas are averaged. */
import { averagedPartsOf, SEGMENT_BLOCK } from "./averaged_parts.ts";
import { Word } from "./control.ts";
import { groupsOf } from "./groups.ts";
import { currentAndNext } from "./memory_map.ts";
import { roundParts } from "./parts.ts";
import { segmentOf } from "./plan.ts";
import { copyRows, eachRowBlock, eachRun, stampOf } from "./rows.ts";
import { sharesOf } from "./shares.ts";
import type { RoundPart, WorkerContext } from "./worker_loop.ts";

/** Returns the function that takes this worker's part in one round, up to the barrier that commits it. */
export function averageWeights(context: WorkerContext): RoundPart {
  const { worker, config: { workers, training }, plan: { layout, spec, map }, run, engine, timed } = context;
  const { rows, lazyElements } = map;
  const width = spec.embedding;
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

  return function round(round, committed) {
    train(context.shards, groups, round, committed);
    timed("average", () => {
      const [current, next] = currentAndNext(states, committed);
      const { active, coefficients } = sharesOf(run);
      const owners = slots[0]!.slice(0, active); // [shard]: filled for each run of rows, so that no list is made for it
      const drift = Atomics.load(run.control, Word.driftRound) === committed + 1;
      let [distance, norm] = [0, 0];

      /** Averages one part from element `first` to `last - 1`; `vectors` are the shards'. Drift is about weights. */
      function average(part: number, vectors: Float32Array[], first: number, last: number): void {
        distance += engine.average({
          vectors,
          coefficients,
          into: next[part]!,
          begin: first,
          end: last,
          drift: drift && part === 0,
        });
      }

      for (let part = 0; part < next.length; part++) average(part, slots[part]!.slice(0, active), begin, end);
      const dense = engine.squaredNorm(next[0]!, begin, end);
      let written = dense;
      const stamp = stampOf(committed);
      eachRowBlock(worker, workers, rows, (firstRow, lastRow) => {
        eachRun(run.stamps, stamp, firstRow, lastRow, {
          touched(first, last) {
            // A shard that did not touch these rows has them from the state.
            for (let part = 0; part < next.length; part++) {
              for (let shard = 0; shard < active; shard++) {
                owners[shard] = run.stamps[shard]![first] === stamp ? slots[part]![shard]! : current[part]!;
              }
              average(part, owners, first * width, last * width);
            }
            written += engine.squaredNorm(next[0]!, first * width, last * width);
          },
          stale(first, last) {
            for (let part = 0; part < next.length; part++) {
              copyRows(current[part]!, next[part]!, first, last, width);
            }
          },
        });
        if (drift) norm += engine.squaredNorm(next[0]!, firstRow * width, lastRow * width);
      });
      if (drift) run.drift[worker]!.set([distance, norm + dense]);
      run.written[worker]![0] = written;
    });
  };
}
