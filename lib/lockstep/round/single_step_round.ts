/**
 * A round with averaged weights that has one step: what each shard's own step and the mean over the shards come to, made
 * in one pass from their gradients. It is average_weights.ts to the bit; but no replica is written, nor read again, which
 * is most of what averaging costs.
 */
import { clipScale } from "../../engine/adam.ts";
import type { Replica } from "../../engine/contract.ts";
import { portionOf } from "./averaged_vectors.ts";
import { roundGradients } from "./average_gradients.ts";
import { replicaOf } from "../joint_round.ts";
import { currentAndNext } from "../memory/map.ts";
import { stampOf } from "../memory/sparse_rows.ts";
import { sharesOf } from "../shard_weights.ts";
import type { RoundPart, WorkerContext } from "./context.ts";

/** Returns the function that takes this worker's part in one round of one step, up to the barrier that commits it. */
export function jointStep(context: WorkerContext): RoundPart {
  const { config: { training }, plan: { layout, map }, run, engine, timed, findRows } = context;
  const train = roundGradients(context, (shard, gradient, rows) => {
    const squared = engine.squaredNorm(gradient, 0, layout.size, rows);
    const scale = clipScale(squared, training.clipNorm);
    run.scales[shard] = scale;
    return squared * scale ** 2;
  });
  const { begin, end, note } = portionOf(context);

  return function round(round, committed) {
    const { firstStep } = round;
    const stamp = stampOf(committed);
    const [from, into] = currentAndNext(run.states, committed).map(replicaOf) as [Replica, Replica];
    train(context.shards, round, committed);
    const { touched, stale } = timed("average", () => findRows(run.stamps, stamp));
    // It takes as long as the optimizer's steps alone.
    timed("compute", () => {
      const { active, coefficients } = sharesOf(run);
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
      for (const part of ["weights", "m", "v"] as const) engine.copyRows(from[part], into[part], stale);
      note(into.weights, touched, undefined);
    });
  };
}
