/**
 * What the workers do with a mean gradient, wherever its shards were trained: sum its squared norm up, in blocks that do
 * not depend on who does it, and move the state by it once.
 */
import { clipScale } from "../../engine/adam.ts";
import { currentAndNext, NORM_BLOCK } from "../memory/map.ts";
import { segmentOf } from "../plan.ts";
import { ROW_PARTS, stampOf } from "../memory/sparse_rows.ts";
import type { WorkerContext } from "./context.ts";

/** What the mean is made by. */
export interface MeanMaker {
  /** Readies the elements `begin` to `end - 1`. */
  elements(begin: number, end: number): void;
  /** Readies these rows of the embedding, where they move one by one. */
  rows(rows: Int32Array): void;
}

export interface MeanGradient {
  /** Has this worker's part of the mean made, if that is left to it, and notes its squared norms. `stamps` say which rows were touched. */
  note(stamps: readonly Int32Array[], committed: number, maker?: MeanMaker): void;
  /** Moves this worker's part of the state, once all norms are noted: into the next one. */
  step(firstStep: number, committed: number): void;
}

export function meanGradient(context: WorkerContext): MeanGradient {
  const { worker, config: { workers, training }, plan: { layout, map }, run, engine, findRows } = context;
  const { lazyElements } = map;
  const [begin, end] = segmentOf(worker, workers, layout.size, NORM_BLOCK, lazyElements);
  let moved = findRows([], 0);

  return {
    note(stamps, committed, maker) {
      const mean = run.gradients[0]!;
      moved = findRows(stamps, stampOf(committed));
      maker?.elements(begin, end);
      maker?.rows(moved.touched);
      for (let block = begin; block < end; block += NORM_BLOCK) {
        const norm = engine.squaredNorm(mean, block, Math.min(block + NORM_BLOCK, end));
        run.norms[ROW_PARTS + (block - lazyElements) / NORM_BLOCK] = norm;
      }
      moved.eachPart((part, touched) => {
        run.norms[part] = engine.squaredNorm(mean, 0, lazyElements, touched);
      });
    },

    step(firstStep, committed) {
      const mean = run.gradients[0]!;
      const { touched, stale } = moved;
      const [state, next] = currentAndNext(run.states, committed);
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
    },
  };
}
