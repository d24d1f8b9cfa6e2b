/** A round with `average: weights`: each shard takes local steps on a replica of its own, then the replicas are averaged. */
import { clipScale } from "../engine/adam.ts";
import type { Replica } from "../engine/contract.ts";
import { Word } from "./control.ts";
import { checkStep } from "./divergence.ts";
import { currentAndNext } from "./memory_map.ts";
import { segmentOf } from "./plan.ts";
import { copyMomentRows, copyReplicaRows, copyRows, eachRowBlock, eachRun, stampOf, touchRows } from "./rows.ts";
import { drawOf, type Round } from "./schedule.ts";
import type { StateView } from "./shared_run.ts";
import { sharesOf } from "./shares.ts";
import type { WorkerContext } from "./worker_loop.ts";

/** Elements that one worker averages in one go: whole cache lines. */
const SEGMENT_BLOCK = 16;

/** Returns the function that takes this worker's part in one round, up to the barrier that commits it. */
export function averageWeights(context: WorkerContext): (round: Round, committed: number) => void {
  const { worker, config: { workers, training }, plan: { layout, spec, map }, run, engine, timed, barrier } = context;
  const gradients = run.gradients[worker]!;
  const { rows, lazyElements } = map;
  const lazy = rows > 0;
  const width = spec.embedding;
  const momentsToo = training.moments === "average";
  const ofShards = run.slots.map((slot) => averagedParts(slot.weights, slot));
  const slots = ofShards[0]!.map((_, part) => ofShards.map((parts) => parts[part]!)); // [part][shard]
  const [even, odd] = run.states;
  const states: [Float32Array[], Float32Array[]] = [
    averagedParts(even.weights, even.moments[0]),
    averagedParts(odd.weights, odd.moments[0]),
  ];
  // Of each part, behind the rows that are averaged one by one.
  const [begin, end] = segmentOf(worker, workers, layout.size, SEGMENT_BLOCK, lazyElements);

  /** The vectors that are averaged: weights and, with averaged moments, m and v. */
  function averagedParts(weights: Float32Array, moments?: { m: Float32Array; v: Float32Array }): Float32Array[] {
    return momentsToo && moments ? [weights, moments.m, moments.v] : [weights];
  }

  /** Where `shard` starts from and what it writes: the state is read in place, so that nothing is copied. */
  function replicas(shard: number, state: StateView, next: StateView): { from: Replica; into: Replica } {
    const slot = run.slots[shard]!;
    switch (training.moments) {
      case "average":
        return { from: { weights: state.weights, ...state.moments[0]! }, into: slot };
      case "local": // Moments are not averaged: they go straight into the next state.
        return {
          from: { weights: state.weights, ...state.moments[shard]! },
          into: { weights: slot.weights, ...next.moments[shard]! },
        };
      case "reset":
        slot.m.fill(0, lazyElements);
        slot.v.fill(0, lazyElements);
        return { from: { weights: state.weights, m: slot.m, v: slot.v }, into: slot };
    }
  }

  function localSteps(shard: number, round: Round, committed: number): void {
    const [state, next] = currentAndNext(run.states, committed);
    const { from, into } = replicas(shard, state, next);
    const stamps = run.stamps[shard]!;
    if (training.moments === "local") copyStaleMoments(shard, state, next, stampOf(committed));

    /** Steps taken: without rows, which is in an epoch's last step, there is none. */
    let taken = 0;

    /** Readies a row for its first step in this round. */
    function touched(row: number): void {
      if (training.moments === "reset") {
        into.m.fill(0, row * width, (row + 1) * width);
        into.v.fill(0, row * width, (row + 1) * width);
      }
      // The first step reads the state and writes the replica; later ones read the replica.
      if (taken > 0) copyReplicaRows(from, into, row, row + 1, width);
    }

    for (let local = 0; local < round.steps; local++) {
      const step = round.firstStep + local;
      const source = taken === 0 ? from : into;
      const batch = context.trainingBatch(shard, step);
      if (batch.size === 0) continue;
      if (lazy) touchRows(batch, stamps, stampOf(committed), touched);
      const metrics = engine.gradients(source.weights, batch, gradients, drawOf(training, step, shard));
      const moved = lazy ? engine.rows() : undefined;
      const squared = engine.squaredNorm(gradients, 0, layout.size, moved);
      const scale = clipScale(squared, training.clipNorm);
      checkStep(run.shards[shard]!, step, metrics, squared * scale ** 2);
      engine.update(source, gradients, into, {
        // Moments that start again have seen no step yet, and Adam's bias correction is about what they have seen.
        step: training.moments === "reset" ? taken + 1 : step + 1,
        learningRate: context.learningRate(step, committed),
        scale,
        begin: 0,
        end: layout.size,
        rows: moved,
      });
      context.count(shard, batch, metrics);
      taken++;
    }
    if (taken === 0 && training.moments === "local") keepMoments(shard, state, next);
  }

  /** The moments of a shard that takes no step go into the next state as they are. */
  function keepMoments(shard: number, state: StateView, next: StateView): void {
    const [from, into] = [state.moments[shard]!, next.moments[shard]!];
    into.m.set(from.m.subarray(lazyElements), lazyElements);
    into.v.set(from.v.subarray(lazyElements), lazyElements);
  }

  /** Local moments are in both copies of the state: brings the next one's rows up to the current one's. */
  function copyStaleMoments(shard: number, state: StateView, next: StateView, stamp: number): void {
    const [from, into] = [state.moments[shard]!, next.moments[shard]!];
    eachRun([run.stamps[shard]!], stamp, 0, rows, {
      touched: () => {}, // None yet.
      stale: (first, last) => copyMomentRows(from, into, first, last, width),
    });
  }

  return function round(round, committed) {
    timed("compute", () => context.shards.forEach((shard) => localSteps(shard, round, committed)));
    context.chaos(committed, 1);
    timed("wait", () => barrier());
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
