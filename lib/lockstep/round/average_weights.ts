/**
 * Runs a round with `average: weights`: each shard takes local steps on its own replica, then the replicas are averaged. A
 * round of one step needs no replicas: see single_step_round.ts.
 */
import { currentAndNext, isDriftMeasured } from "../memory/control.ts";
import { stampOf } from "../memory/sparse_rows.ts";
import { isSingleStepRound } from "../plan.ts";
import { groupsOf } from "../schedule.ts";
import { shardWeights } from "../shard_weights.ts";
import { averagedVectors, sliceOfVector } from "./averaged_vectors.ts";
import type { WorkerContext, WorkerRound } from "./context.ts";
import { trainPhases } from "./phases.ts";
import { singleStepRound } from "./single_step_round.ts";

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
