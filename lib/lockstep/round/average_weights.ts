/**
 * Runs a round with `average: weights`: each shard takes local steps on its own replica, then the replicas are averaged. A
 * round of one step needs no replicas: see `singleStepRound`.
 */
import { clipScale } from "../../engine/adam.ts";
import type { Replica } from "../../engine/contract.ts";
import { currentAndNext, isDriftMeasured } from "../memory/control.ts";
import { stampOf } from "../memory/sparse_rows.ts";
import { replicaOf } from "../memory/views.ts";
import { isSingleStepRound } from "../plan.ts";
import { groupsOf } from "../round_schedule.ts";
import { shardWeights } from "../shard_weights.ts";
import { roundGradients } from "./average_gradients.ts";
import { averagedVectors, sliceOfVector } from "./averaged_vectors.ts";
import type { WorkerContext, WorkerRound } from "./context.ts";
import { trainPhases } from "./phases.ts";

/** Returns the function that does this worker's part of a round, up to the barrier that commits it. */
export function averageWeights(context: WorkerContext): WorkerRound {
  const { config, run, engine, timed, findRows } = context;
  const { training } = config;
  const takeSingleStep = singleStepRound(context);
  const train = trainPhases(context);
  const groups = groupsOf(training);
  const vectors = averagedVectors(run, training);
  const { begin, end, note } = sliceOfVector(context);

  return function round(round, committed) {
    const measured = isDriftMeasured(run.control, committed + 1);
    if (isSingleStepRound(config, round, measured)) return takeSingleStep(round, committed);
    train(context.shards, groups, round, committed);
    timed("average", () => {
      const { active, coefficients } = shardWeights(run);
      const stamp = stampOf(committed);
      const { touched, stale } = findRows(run.stamps, stamp);
      const stamps = run.stamps.slice(0, active);
      let distance = 0;
      for (const { slots, states, isWeights } of vectors) {
        const [current, next] = currentAndNext(states, committed);
        const mean = {
          vectors: slots.slice(0, active),
          coefficients,
          into: next,
          drift: measured && isWeights,
          begin,
          end,
          rows: touched,
          stamps,
          stamp,
          otherwise: current, // Has the rows that a shard did not touch.
        };
        distance += engine.average(mean) + engine.averageRows(mean);
        engine.copyRows(current, next, stale);
      }
      const [, { weights }] = currentAndNext(run.states, committed);
      note(weights, touched, measured ? distance : undefined);
    });
  };
}

/**
 * Returns the function that does this worker's part of a round of one step: one pass over the gradients computes each
 * shard's step and the mean over the shards. The bits are those of the other rounds, without writing and reading replicas,
 * which is most of the cost of averaging.
 */
function singleStepRound(context: WorkerContext): WorkerRound {
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
