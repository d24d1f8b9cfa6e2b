/**
 * A round with `average: gradients`: every shard computes a gradient at the same weights, and the mean gradient moves
 * them once. N shards of batch B are one shard of batch N · B, up to float32 rounding.
 */
import { clipScale } from "../engine/adam.ts";
import { checkStep } from "./divergence.ts";
import { currentAndNext, NORM_BLOCK } from "./memory_map.ts";
import { segmentOf } from "./plan.ts";
import { createRowFinder, ROW_PARTS, stampOf } from "./rows.ts";
import { drawOf } from "./schedule.ts";
import { sharesOf } from "./shares.ts";
import type { RoundPart, WorkerContext } from "./worker_loop.ts";

/** Returns the function that takes this worker's part in one round, up to the barrier that commits it. */
export function averageGradients(context: WorkerContext): RoundPart {
  const { worker, config: { workers, training }, plan: { layout, map }, run, engine, timed, barrier } = context;
  const mean = run.gradients[0]!;
  const { rows, lazyElements } = map;
  const [begin, end] = segmentOf(worker, workers, layout.size, NORM_BLOCK, lazyElements);
  const findRows = createRowFinder(worker, workers, rows, run.moved[worker]!);

  return function round({ firstStep }, committed) {
    const [state, next] = currentAndNext(run.states, committed);
    const stamp = stampOf(committed);
    timed("compute", () => {
      for (const shard of context.shards) {
        const batch = context.trainingBatch(shard, firstStep);
        if (batch.size === 0) continue;
        const out = run.shardGradients[shard]!;
        const metrics = engine.gradients(state.weights, batch, out, drawOf(training, firstStep, shard));
        if (rows > 0) { for (const row of engine.rows()) run.stamps[shard]![row] = stamp; }
        checkStep(run.shards[shard]!, firstStep, metrics, 0); // The gradients by their mean: see divergence.ts.
        context.count(shard, batch, metrics);
      }
    });
    context.chaos(committed, 1);
    timed("wait", () => barrier());
    const { touched, stale } = timed("average", () => {
      const { active, coefficients } = sharesOf(run);
      const shares = { vectors: run.shardGradients.slice(0, active), coefficients, into: mean, drift: false };
      engine.average({ ...shares, begin, end });
      for (let block = begin; block < end; block += NORM_BLOCK) {
        const norm = engine.squaredNorm(mean, block, Math.min(block + NORM_BLOCK, end));
        run.norms[ROW_PARTS + (block - lazyElements) / NORM_BLOCK] = norm;
      }
      const moved = findRows(run.stamps, stamp);
      // A row that a shard did not touch has a gradient of 0, which nobody has written.
      engine.averageRows({ ...shares, rows: moved.touched, stamps: run.stamps.slice(0, active), stamp });
      moved.eachPart((part, touched) => {
        run.norms[part] = engine.squaredNorm(mean, 0, lazyElements, touched);
      });
      return moved;
    });
    timed("wait", () => barrier());
    timed("average", () => {
      const squared = run.norms.reduce((sum, block) => sum + block, 0);
      const from = { weights: state.weights, ...state.moments[0]! };
      const into = { weights: next.weights, ...next.moments[0]! };
      const scale = clipScale(squared, training.clipNorm);
      const common = { step: firstStep + 1, learningRate: context.learningRate(firstStep, committed), scale };
      engine.update(from, mean, into, { ...common, begin, end });
      engine.update(from, mean, into, { ...common, begin: 0, end: lazyElements, rows: touched });
      for (const part of ["weights", "m", "v"] as const) engine.copyRows(from[part], into[part], stale);
      run.written[worker]![0] = engine.squaredNorm(next.weights, begin, end) +
        engine.squaredNorm(next.weights, 0, lazyElements, touched);
    });
  };
}
