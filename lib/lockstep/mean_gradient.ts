/**
 * What the workers do with a mean gradient, wherever its shards were trained: sum its squared norm up, in blocks that do
 * not depend on who does it, and move the state by it once.
 */
import { clipScale } from "../engine/adam.ts";
import { currentAndNext, NORM_BLOCK } from "./memory_map.ts";
import { segmentOf } from "./plan.ts";
import { copyReplicaRows, eachRowBlock, eachRun, ROW_BLOCK, stampOf } from "./rows.ts";
import type { WorkerContext } from "./worker_loop.ts";

/** Readies the elements `begin` to `end - 1` of the mean. Rows that move one by one come in runs that are alike. */
export type MakeMean = (begin: number, end: number, isRows: boolean) => void;

export interface MeanGradient {
  /** Has this worker's part of the mean made, and notes its squared norms. `stamps` say which rows were touched. */
  note(stamps: readonly Int32Array[], committed: number, make: MakeMean): void;
  /** Moves this worker's part of the state, once all norms are noted: into the next one. */
  step(stamps: readonly Int32Array[], firstStep: number, committed: number): void;
}

export function meanGradient(context: WorkerContext): MeanGradient {
  const { worker, config: { workers, training }, plan: { layout, spec, map }, run, engine } = context;
  const mean = run.gradients[0]!;
  const { rows, lazyElements } = map;
  const width = spec.embedding;
  const rowBlocks = Math.ceil(rows / ROW_BLOCK);
  const [begin, end] = segmentOf(worker, workers, layout.size, NORM_BLOCK, lazyElements);

  return {
    note(stamps, committed, make) {
      const stamp = stampOf(committed);
      make(begin, end, false);
      for (let block = begin; block < end; block += NORM_BLOCK) {
        run.norms[rowBlocks + (block - lazyElements) / NORM_BLOCK] = engine.squaredNorm(
          mean,
          block,
          Math.min(block + NORM_BLOCK, end),
        );
      }
      eachRowBlock(worker, workers, rows, (firstRow, lastRow, block) => {
        // Touched neighbours are summed in one go, whichever shards touched them: that another machine can know as well.
        let [from, to] = [firstRow, firstRow];
        run.norms[block] = 0;
        const sum = () => {
          if (to > from) run.norms[block]! += engine.squaredNorm(mean, from * width, to * width);
        };
        eachRun(stamps, stamp, firstRow, lastRow, {
          touched(first, last) {
            make(first * width, last * width, true);
            if (first > to) {
              sum();
              from = first;
            }
            to = last;
          },
          stale() {},
        });
        sum();
      });
    },

    step(stamps, firstStep, committed) {
      const [state, next] = currentAndNext(run.states, committed);
      const squared = run.norms.reduce((sum, block) => sum + block, 0);
      const from = { weights: state.weights, ...state.moments[0]! };
      const into = { weights: next.weights, ...next.moments[0]! };
      const scale = clipScale(squared, training.clipNorm);
      const common = { step: firstStep + 1, learningRate: context.learningRate(firstStep, committed), scale };
      engine.update(from, mean, into, { ...common, begin, end });
      let written = engine.squaredNorm(next.weights, begin, end);
      eachRowBlock(worker, workers, rows, (firstRow, lastRow) => {
        eachRun(stamps, stampOf(committed), firstRow, lastRow, {
          touched(first, last) {
            engine.update(from, mean, into, { ...common, begin: first * width, end: last * width });
            written += engine.squaredNorm(next.weights, first * width, last * width);
          },
          stale: (first, last) => copyReplicaRows(from, into, first, last, width),
        });
      });
      run.written[worker]![0] = written;
    },
  };
}
