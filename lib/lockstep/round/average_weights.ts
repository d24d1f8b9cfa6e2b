/**
 * A round with `average: weights`: each shard takes local steps on a replica of its own, then the replicas are averaged.
 * A round of one step need not keep them: see joint_step.ts.
 */
import { averagedVectors, portionOf } from "./averaged_vectors.ts";
import { Word } from "../memory/control.ts";
import { isJoint } from "../joint_round.ts";
import { jointStep } from "./single_step_round.ts";
import { groupsOf } from "../groups.ts";
import { currentAndNext } from "../memory/map.ts";
import { roundParts } from "./phases.ts";
import { stampOf } from "../memory/sparse_rows.ts";
import { sharesOf } from "../shard_weights.ts";
import type { RoundPart, WorkerContext } from "./context.ts";

/** Returns the function that takes this worker's part in one round, up to the barrier that commits it. */
export function averageWeights(context: WorkerContext): RoundPart {
  const { config, run, engine, timed, findRows } = context;
  const { training } = config;
  const takeJointly = jointStep(context);
  const train = roundParts(context);
  const groups = groupsOf(training);
  const vectors = averagedVectors(run, training);
  const { begin, end, note } = portionOf(context);

  return function round(round, committed) {
    if (isJoint(config, run, round, committed)) return takeJointly(round, committed);
    train(context.shards, groups, round, committed);
    timed("average", () => {
      const { active, coefficients } = sharesOf(run);
      const measured = Atomics.load(run.control, Word.driftRound) === committed + 1;
      const stamp = stampOf(committed);
      const { touched, stale } = findRows(run.stamps, stamp);
      const stamps = run.stamps.slice(0, active);
      let distance = 0;
      for (const { slots, states, isWeights } of vectors) {
        const [current, next] = currentAndNext(states, committed);
        const shares = {
          vectors: slots.slice(0, active),
          coefficients,
          into: next,
          drift: measured && isWeights,
          begin,
          end,
          rows: touched,
          stamps,
          stamp,
          otherwise: current, // A shard that did not touch a row has it from there.
        };
        distance += engine.average(shares) + engine.averageRows(shares);
        engine.copyRows(current, next, stale);
      }
      const [, { weights }] = currentAndNext(run.states, committed);
      note(weights, touched, measured ? distance : undefined);
    });
  };
}
