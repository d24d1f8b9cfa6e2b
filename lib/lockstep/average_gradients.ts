/**
 * A round with `average: gradients`: every shard computes a gradient at the same weights, and the mean gradient moves
 * them once. N shards of batch B are one shard of batch N · B, up to float32 rounding.
 */
import { clipScale } from "../engine/adam.ts";
import { checkStep } from "./divergence.ts";
import { currentAndNext, NORM_BLOCK } from "./memory_map.ts";
import { segmentOf } from "./plan.ts";
import { copyReplicaRows, eachRowBlock, eachRun, ROW_BLOCK, stampOf } from "./rows.ts";
import { drawOf } from "./schedule.ts";
import { sharesOf } from "./shares.ts";
import type { RoundPart, WorkerContext } from "./worker_loop.ts";

/** Returns the function that takes this worker's part in one round, up to the barrier that commits it. */
export function averageGradients(context: WorkerContext): RoundPart {
  const { worker, config: { workers, training }, plan: { layout, spec, map }, run, engine, timed, barrier } = context;
  const mean = run.gradients[0]!;
  const { rows, lazyElements } = map;
  const width = spec.embedding;
  const rowBlocks = Math.ceil(rows / ROW_BLOCK);
  const [begin, end] = segmentOf(worker, workers, layout.size, NORM_BLOCK, lazyElements);

  /** A row that a shard did not touch has a gradient of 0, which nobody has written. */
  function clearUntouched(first: number, last: number, stamp: number): void {
    for (const [shard, stamps] of run.stamps.entries()) {
      if (stamps[first] !== stamp) run.shardGradients[shard]!.fill(0, first * width, last * width);
    }
  }

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
    timed("average", () => {
      const { active, coefficients } = sharesOf(run);
      const vectors = run.shardGradients.slice(0, active);
      const average = (first: number, last: number) => {
        engine.average({ vectors, coefficients, into: mean, begin: first, end: last, drift: false });
      };
      average(begin, end);
      for (let block = begin; block < end; block += NORM_BLOCK) {
        run.norms[rowBlocks + (block - lazyElements) / NORM_BLOCK] = engine.squaredNorm(
          mean,
          block,
          Math.min(block + NORM_BLOCK, end),
        );
      }
      eachRowBlock(worker, workers, rows, (firstRow, lastRow, block) => {
        run.norms[block] = 0;
        eachRun(run.stamps, stamp, firstRow, lastRow, {
          touched(first, last) {
            clearUntouched(first, last, stamp);
            average(first * width, last * width);
            run.norms[block]! += engine.squaredNorm(mean, first * width, last * width);
          },
          stale() {},
        });
      });
    });
    timed("wait", () => barrier());
    timed("average", () => {
      const squared = run.norms.reduce((sum, block) => sum + block, 0);
      const from = { weights: state.weights, ...state.moments[0]! };
      const into = { weights: next.weights, ...next.moments[0]! };
      const scale = clipScale(squared, training.clipNorm);
      const common = { step: firstStep + 1, learningRate: context.learningRate(firstStep, committed), scale };
      engine.update(from, mean, into, { ...common, begin, end });
      let written = engine.squaredNorm(next.weights, begin, end);
      eachRowBlock(worker, workers, rows, (firstRow, lastRow) => {
        eachRun(run.stamps, stamp, firstRow, lastRow, {
          touched(first, last) {
            engine.update(from, mean, into, { ...common, begin: first * width, end: last * width });
            written += engine.squaredNorm(next.weights, first * width, last * width);
          },
          stale: (first, last) => copyReplicaRows(from, into, first, last, width),
        });
      });
      run.written[worker]![0] = written;
    });
  };
}
