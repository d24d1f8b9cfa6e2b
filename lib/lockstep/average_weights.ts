/** A round with `average: weights`: each shard takes local steps on a replica of its own, then the replicas are averaged. */
import { clipScale } from "../engine/adam.ts";
import type { Replica } from "../engine/contract.ts";
import { Word } from "./control.ts";
import { segmentOf } from "./plan.ts";
import { learningRateAt } from "../engine/schedule.ts";
import { drawOf, type Round } from "./schedule.ts";
import { coefficients } from "../engine/tree_mean.ts";
import type { WorkerContext } from "./worker_loop.ts";

/** Elements that one worker averages in one go: whole cache lines. */
const SEGMENT_BLOCK = 16;

/** Returns the function that takes this worker's part in one round, up to the barrier that commits it. */
export function averageWeights(context: WorkerContext): (round: Round, committed: number) => void {
  const { worker, config: { workers, training }, plan: { layout }, run, engine, timed, barrier } = context;
  const gradients = run.gradients[worker]!;
  // With averaged moments the whole replica is one vector, in the order of the state: weights, m, v.
  const averaged = training.moments === "average" ? 3 * layout.size : layout.size;
  const slots = run.slots.map(({ values }) => values.subarray(0, averaged));
  const [begin, end] = segmentOf(worker, workers, averaged, SEGMENT_BLOCK);

  /** Where `shard` starts from and what it writes: the state is read in place, so that nothing is copied. */
  function replicas(shard: number, committed: number): { from: Replica; into: Replica } {
    const state = run.states[committed & 1 ? 1 : 0];
    const next = run.states[committed & 1 ? 0 : 1];
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
        slot.m.fill(0);
        slot.v.fill(0);
        return { from: { weights: state.weights, m: slot.m, v: slot.v }, into: slot };
    }
  }

  function localSteps(shard: number, round: Round, committed: number): void {
    const { from, into } = replicas(shard, committed);
    for (let local = 0; local < round.steps; local++) {
      const step = round.firstStep + local;
      const source = local === 0 ? from : into;
      const batch = context.trainingBatch(shard, step);
      const metrics = engine.gradients(source.weights, batch, gradients, drawOf(training, step, shard));
      const scale = clipScale(engine.squaredNorm(gradients, 0, layout.size), training.clipNorm);
      engine.update(source, gradients, into, {
        // Moments that start again have seen no step yet, and Adam's bias correction is about what they have seen.
        step: training.moments === "reset" ? local + 1 : step + 1,
        learningRate: learningRateAt(training, step),
        scale,
        begin: 0,
        end: layout.size,
      });
      context.count(shard, batch.size, metrics);
    }
  }

  return function round(round, committed) {
    timed("compute", () => context.shards.forEach((shard) => localSteps(shard, round, committed)));
    timed("wait", () => barrier());
    timed("average", () => {
      const next = run.states[committed & 1 ? 0 : 1];
      const shares = coefficients(run.shards.map((figures) => figures[2]!));
      const drift = Atomics.load(run.control, Word.driftRound) === committed + 1;
      const common = { vectors: slots, coefficients: shares, into: next.values };
      // Drift is about weights: moments, which come after them in the vector, are averaged in a call of their own.
      const split = Math.min(Math.max(begin, layout.size), end);
      const distance = engine.average({ ...common, begin, end: split, drift });
      engine.average({ ...common, begin: split, end, drift: false });
      if (drift) run.drift[worker]!.set([distance, engine.squaredNorm(next.weights, begin, split)]);
    });
  };
}
