/**
 * Runs a round of one step with averaged weights: one pass over the gradients computes each shard's step and the mean over
 * the shards. The bits are those of average_weights.ts, without writing and reading replicas, which is most of the cost of
 * averaging.
 */
import { clipScale } from "../../engine/adam.ts";
import type { Replica } from "../../engine/contract.ts";
import { currentAndNext } from "../memory/control.ts";
import { stampOf } from "../memory/sparse_rows.ts";
import { replicaOf } from "../memory/views.ts";
import { shardWeights } from "../shard_weights.ts";
import { roundGradients } from "./average_gradients.ts";
import { sliceOfVector } from "./averaged_vectors.ts";
import type { WorkerContext, WorkerRound } from "./context.ts";

/** Returns the function that does this worker's part of a round of one step, up to the barrier that commits it. */
export function singleStepRound(context: WorkerContext): WorkerRound {
  const { config: { training }, plan: { layout, map }, run, engine, timed, findRows } = context;
  const train = roundGradients(context, (shard, gradient, rows) => {
    const squared = engine.squaredNorm(gradient, 0, layout.size, rows);
    const scale = clipScale(squared, training.clipNorm);
    run.scales[shard] = scale;
    return squared * scale ** 2;
  });
  const { begin, end, note } = sliceOfVector(context);

  return function round(round, committed) {
    const { firstStep } = round;
    const stamp = stampOf(committed);
    const [from, into] = currentAndNext(run.states, committed).map(replicaOf) as [Replica, Replica];
    train(context.shards, round, committed);
    const { touched, stale } = timed("average", () => findRows(run.stamps, stamp));
    // Counts as compute: it takes as long as the optimizer's steps by themselves.
    timed("compute", () => {
      const { active, coefficients } = shardWeights(run);
      const gradients = run.shardGradients.slice(0, active);
      const step = {
        step: firstStep + 1,
        learningRate: context.learningRate(firstStep, committed),
        scales: run.scales,
        coefficients,
        stamps: run.stamps.slice(0, active),
        stamp,
      };
      engine.updateMean(from, gradients, into, { ...step, begin, end });
      engine.updateMean(from, gradients, into, { ...step, begin: 0, end: map.lazyElements, rows: touched });
    });
    timed("average", () => {
      for (const vector of ["weights", "m", "v"] as const) engine.copyRows(from[vector], into[vector], stale);
      note(into.weights, touched, undefined);
    });
  };
}
