/**
 * A round with `average: gradients`: every shard computes a gradient at the same weights, and the mean gradient moves
 * them once. N shards of batch B are one shard of batch N · B, up to float32 rounding.
 */
import { clipScale } from "../engine/adam.ts";
import { NORM_BLOCK } from "./memory_map.ts";
import { segmentOf } from "./plan.ts";
import { learningRateAt } from "../engine/schedule.ts";
import { drawOf, type Round } from "./schedule.ts";
import { coefficients } from "../engine/tree_mean.ts";
import type { WorkerContext } from "./worker_loop.ts";

/** Returns the function that takes this worker's part in one round, up to the barrier that commits it. */
export function averageGradients(context: WorkerContext): (round: Round, committed: number) => void {
  const { worker, config: { workers, training }, plan: { layout }, run, engine, timed, barrier } = context;
  const mean = run.gradients[0]!;
  const [begin, end] = segmentOf(worker, workers, layout.size, NORM_BLOCK);

  return function round({ firstStep }, committed) {
    const state = run.states[committed & 1 ? 1 : 0];
    const next = run.states[committed & 1 ? 0 : 1];
    timed("compute", () => {
      for (const shard of context.shards) {
        const batch = context.trainingBatch(shard, firstStep);
        const draw = drawOf(training, firstStep, shard);
        context.count(shard, batch.size, engine.gradients(state.weights, batch, run.shardGradients[shard]!, draw));
      }
    });
    timed("wait", () => barrier());
    timed("average", () => {
      const shares = coefficients(run.shards.map((figures) => figures[2]!));
      engine.average({ vectors: run.shardGradients, coefficients: shares, into: mean, begin, end, drift: false });
      for (let block = begin; block < end; block += NORM_BLOCK) {
        run.norms[block / NORM_BLOCK] = engine.squaredNorm(mean, block, Math.min(block + NORM_BLOCK, end));
      }
    });
    timed("wait", () => barrier());
    timed("average", () => {
      const squared = run.norms.reduce((sum, block) => sum + block, 0);
      const from = { weights: state.weights, ...state.moments[0]! };
      const into = { weights: next.weights, ...next.moments[0]! };
      const scale = clipScale(squared, training.clipNorm);
      engine.update(from, mean, into, {
        step: firstStep + 1,
        learningRate: learningRateAt(training, firstStep),
        scale,
        begin,
        end,
      });
    });
  };
}
