/**
 * A round with `average: gradients`: every shard computes a gradient at the same weights, and the mean gradient moves
 * them once. N shards of batch B are one shard of batch N · B, up to float32 rounding.
 */
import type { Span } from "../engine/tree_nodes.ts";
import { checkStep } from "./divergence.ts";
import { meanGradient } from "./mean_gradient.ts";
import { currentAndNext } from "./memory_map.ts";
import { stampOf } from "./rows.ts";
import { drawOf, type Round } from "./schedule.ts";
import { sharesOf } from "./shares.ts";
import type { SharedRun } from "./shared_run.ts";
import type { RoundPart, WorkerContext } from "./worker_loop.ts";

/** Returns the function that takes this worker's part in one round, up to the barrier that commits it. */
export function averageGradients(context: WorkerContext): RoundPart {
  const { config: { training: { shards } }, plan: { spec }, run, engine, timed, barrier } = context;
  const train = roundGradients(context);
  const mean = meanGradient(context);
  const width = spec.embedding;
  const everyShard = { first: 0, last: shards };

  return function round(round, committed) {
    train(context.shards, round, committed);
    timed("average", () => {
      const { active, coefficients } = sharesOf(run);
      const vectors = run.shardGradients.slice(0, active);
      mean.note(run.stamps, committed, (begin, end, isRows) => {
        if (isRows) clearUntouched(run, everyShard, begin, end, width, stampOf(committed));
        engine.average({ vectors, coefficients, into: run.gradients[0]!, begin, end, drift: false });
      });
    });
    timed("wait", () => barrier());
    timed("average", () => mean.step(run.stamps, round.firstStep, committed));
  };
}

/** Returns the function that computes the gradients of some shards at the current state, and stamps their rows. */
export function roundGradients(
  context: WorkerContext,
): (shards: readonly number[], round: Round, committed: number) => void {
  const { config: { training }, run, engine, timed, barrier } = context;

  function takeGradient(shard: number, step: number, committed: number): void {
    const [state] = currentAndNext(run.states, committed);
    const batch = context.trainingBatch(shard, step);
    if (batch.size === 0) return;
    const metrics = engine.gradients(state.weights, batch, run.shardGradients[shard]!, drawOf(training, step, shard));
    const stamps = run.stamps[shard]!;
    if (stamps.length > 0) { for (const row of engine.rows()) stamps[row] = stampOf(committed); }
    checkStep(run.shards[shard]!, step, metrics, 0); // The gradients by their mean: see divergence.ts.
    context.count(shard, batch, metrics);
  }

  return function train(shards, { firstStep }, committed) {
    timed("compute", () => shards.forEach((shard) => takeGradient(shard, firstStep, committed)));
    context.chaos(committed, 1);
    timed("wait", () => barrier());
  };
}

/** A row that a shard did not touch has a gradient of 0, which nobody has written. All of the rows are touched alike. */
export function clearUntouched(
  { stamps, shardGradients }: SharedRun,
  { first, last }: Span,
  begin: number,
  end: number,
  width: number,
  stamp: number,
): void {
  for (let shard = first; shard < last; shard++) {
    if (stamps[shard]![begin / width] !== stamp) shardGradients[shard]!.fill(0, begin, end);
  }
}
