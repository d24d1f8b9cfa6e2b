/**
 * Runs a round with `average: gradients`: every shard computes a gradient at the same weights, and the mean gradient moves
 * them once. N shards of batch B equal one shard of batch N · B, up to float32 rounding.
 */
import { clipScale } from "../../engine/adam.ts";
import { checkStep } from "../divergence.ts";
import { currentAndNext } from "../memory/control.ts";
import { NORM_BLOCK } from "../memory/map.ts";
import { ROW_SLICES, stampOf } from "../memory/sparse_rows.ts";
import { replicaOf } from "../memory/views.ts";
import { sliceOf } from "../plan.ts";
import { dropoutDraw, type Round } from "../round_schedule.ts";
import { shardWeights } from "../shard_weights.ts";
import type { WorkerContext, WorkerRound } from "./context.ts";

/** Returns the function that does this worker's part of a round, up to the barrier that commits it. */
export function averageGradients(context: WorkerContext): WorkerRound {
  const { run, engine, timed, barrier } = context;
  const train = roundGradients(context);
  const mean = meanGradient(context);

  return function round(round, committed) {
    train(context.shards, round, committed);
    timed("average", () => {
      const { active, coefficients } = shardWeights(run);
      const options = {
        vectors: run.shardGradients.slice(0, active),
        coefficients,
        into: run.gradients[0]!,
        drift: false,
      };
      const stamps = run.stamps.slice(0, active);
      mean.note(run.stamps, committed, {
        elements: (begin, end) => engine.average({ ...options, begin, end }),
        // A row that a shard did not touch has a gradient of 0, which nothing writes.
        rows: (rows) => engine.averageRows({ ...options, rows, stamps, stamp: stampOf(committed) }),
      });
    });
    timed("wait", () => barrier());
    timed("average", () => mean.step(round.firstStep, committed));
  };
}

/** Returns the function that computes this worker's part of the gradients of some shards, and stamps their rows. */
export function roundGradients(
  context: WorkerContext,
  /** Examines a shard's gradient, of which the embedding has these rows; returns its squared norm after clipping. */
  examine?: (shard: number, gradient: Float32Array, rows: Int32Array | undefined) => number,
): (shards: readonly number[], round: Round, committed: number) => void {
  const { config: { training }, run, engine, timed, barrier } = context;

  function takeGradient(shard: number, step: number, committed: number): void {
    context.beginShard(shard);
    const [state] = currentAndNext(run.states, committed);
    const batch = context.trainingBatch(shard, step);
    if (batch.size === 0) return;
    const gradient = run.shardGradients[shard]!;
    const metrics = engine.gradients(state.weights, batch, gradient, dropoutDraw(training, step, shard));
    const stamps = run.stamps[shard]!;
    const rows = stamps.length > 0 ? engine.rows() : undefined;
    for (const row of rows ?? []) stamps[row] = stampOf(committed);
    // Without `examine`, only the mean gradient is checked: see divergence.ts.
    checkStep(run.shards[shard]!, step, metrics, examine?.(shard, gradient, rows) ?? 0);
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

/** Computes the mean gradient. */
interface MeanMaker {
  /** Computes the elements `begin` to `end - 1`. */
  elements(begin: number, end: number): void;
  /** Computes these rows of the embedding, where rows move one by one. */
  rows(rows: Int32Array): void;
}

/** Does a worker's part of the work on a mean gradient, on any machine that trained its shards. */
interface MeanGradient {
  /**
   * Lets `maker`, if any, compute this worker's slice of the mean, and notes the squared norms of blocks, which do not
   * depend on the number of workers. `stamps` say which rows were touched.
   */
  note(stamps: readonly Int32Array[], committed: number, maker?: MeanMaker): void;
  /** Moves this worker's slice of the state into the next one, once all norms are noted. */
  step(firstStep: number, committed: number): void;
}

export function meanGradient(context: WorkerContext): MeanGradient {
  const { worker, config: { workers, training }, plan: { layout, map }, run, engine, findRows } = context;
  const { lazyElements } = map;
  const [begin, end] = sliceOf(worker, workers, layout.size, NORM_BLOCK, lazyElements);
  let moved = findRows([], 0);

  return {
    note(stamps, committed, maker) {
      const mean = run.gradients[0]!;
      moved = findRows(stamps, stampOf(committed));
      maker?.elements(begin, end);
      maker?.rows(moved.touched);
      for (let block = begin; block < end; block += NORM_BLOCK) {
        const norm = engine.squaredNorm(mean, block, Math.min(block + NORM_BLOCK, end));
        run.norms[ROW_SLICES + (block - lazyElements) / NORM_BLOCK] = norm;
      }
      moved.eachSlice((slice, touched) => {
        run.norms[slice] = engine.squaredNorm(mean, 0, lazyElements, touched);
      });
    },

    step(firstStep, committed) {
      const mean = run.gradients[0]!;
      const { touched, stale } = moved;
      const [state, next] = currentAndNext(run.states, committed);
      const squared = run.norms.reduce((sum, block) => sum + block, 0);
      const [from, into] = [replicaOf(state), replicaOf(next)];
      const scale = clipScale(squared, training.clipNorm);
      const common = { step: firstStep + 1, learningRate: context.learningRate(firstStep, committed), scale };
      engine.update(from, mean, into, { ...common, begin, end });
      engine.update(from, mean, into, { ...common, begin: 0, end: lazyElements, rows: touched });
      for (const vector of ["weights", "m", "v"] as const) engine.copyRows(from[vector], into[vector], stale);
      run.written[worker]![0] = engine.squaredNorm(next.weights, begin, end) +
        engine.squaredNorm(next.weights, 0, lazyElements, touched);
    },
  };
}
