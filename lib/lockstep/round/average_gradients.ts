/**
 * A round with `average: gradients`: every shard computes a gradient at the same weights, and the mean gradient moves
 * them once. N shards of batch B are one shard of batch N · B, up to float32 rounding.
 */
import { checkStep } from "../divergence.ts";
import { meanGradient } from "./mean_gradient.ts";
import { currentAndNext } from "../memory/map.ts";
import { stampOf } from "../memory/sparse_rows.ts";
import { drawOf, type Round } from "../schedule.ts";
import { sharesOf } from "../shard_weights.ts";
import type { RoundPart, WorkerContext } from "./context.ts";

/** Returns the function that takes this worker's part in one round, up to the barrier that commits it. */
export function averageGradients(context: WorkerContext): RoundPart {
  const { run, engine, timed, barrier } = context;
  const train = roundGradients(context);
  const mean = meanGradient(context);

  return function round(round, committed) {
    train(context.shards, round, committed);
    timed("average", () => {
      const { active, coefficients } = sharesOf(run);
      const shares = {
        vectors: run.shardGradients.slice(0, active),
        coefficients,
        into: run.gradients[0]!,
        drift: false,
      };
      const stamps = run.stamps.slice(0, active);
      mean.note(run.stamps, committed, {
        elements: (begin, end) => engine.average({ ...shares, begin, end }),
        // A row that a shard did not touch has a gradient of 0, which nobody has written.
        rows: (rows) => engine.averageRows({ ...shares, rows, stamps, stamp: stampOf(committed) }),
      });
    });
    timed("wait", () => barrier());
    timed("average", () => mean.step(round.firstStep, committed));
  };
}

/** Returns the function that does this worker's part in the gradients of some shards at the current state, and stamps their rows. */
export function roundGradients(
  context: WorkerContext,
  /** What is to be done with a shard's gradient, of which the embedding has these rows; returns its squared norm as used. */
  look?: (shard: number, gradient: Float32Array, rows: Int32Array | undefined) => number,
): (shards: readonly number[], round: Round, committed: number) => void {
  const { config: { training }, run, engine, timed, barrier } = context;

  function takeGradient(shard: number, step: number, committed: number): void {
    context.beginShard(shard);
    const [state] = currentAndNext(run.states, committed);
    const batch = context.trainingBatch(shard, step);
    if (batch.size === 0) return;
    const gradient = run.shardGradients[shard]!;
    const metrics = engine.gradients(state.weights, batch, gradient, drawOf(training, step, shard));
    const stamps = run.stamps[shard]!;
    const rows = stamps.length > 0 ? engine.rows() : undefined;
    for (const row of rows ?? []) stamps[row] = stampOf(committed);
    // Without a look at each, gradients are checked by their mean: see divergence.ts.
    checkStep(run.shards[shard]!, step, metrics, look?.(shard, gradient, rows) ?? 0);
    context.count(shard, batch, metrics);
  }

  return function train(shards, { firstStep }, committed) {
    timed("compute", () => {
      engine.hold(currentAndNext(run.states, committed)[0].weights);
      context.claims.each(shards, (shard) => takeGradient(shard, firstStep, committed));
      engine.hold();
    });
    context.chaos(committed, 1);
    timed("wait", () => barrier());
  };
}
