/** Which vectors an averaging of weights is about, and in what portions the workers take them. */
import type { TrainingConfig } from "../../config/schema.ts";
import { segmentOf } from "../plan.ts";
import { rowsOf } from "../memory/sparse_rows.ts";
import type { SharedRun } from "../memory/views.ts";
import type { WorkerContext } from "./context.ts";

/** Elements that one worker averages in one go: whole cache lines. */
const SEGMENT_BLOCK = 16;

interface Moments {
  readonly m: Float32Array;
  readonly v: Float32Array;
}

/** Picks what is averaged: weights and, with averaged moments, m and v. */
export function averagedPartsOf(
  { moments }: Pick<TrainingConfig, "moments">,
): (weights: Float32Array, sets?: Moments) => Float32Array[] {
  return (weights, sets) => moments === "average" && sets ? [weights, sets.m, sets.v] : [weights];
}

/** One of the averaged vectors, wherever there is one. */
export interface AveragedVector {
  /** Drift is about them. */
  readonly isWeights: boolean;
  /** `[shard]` of its replica. */
  readonly slots: readonly Float32Array[];
  /** Of both copies of the state. */
  readonly states: readonly [even: Float32Array, odd: Float32Array];
}

/** Lists the vectors that are averaged, weights first. */
export function averagedVectors(run: SharedRun, training: Pick<TrainingConfig, "moments">): AveragedVector[] {
  const parts = averagedPartsOf(training);
  const [even, odd] = run.states.map(({ weights, moments }) => parts(weights, moments[0]));
  const slots = run.slots.map((slot) => parts(slot.weights, slot));
  return even!.map((_, part) => ({
    isWeights: part === 0,
    slots: slots.map((vectors) => vectors[part]!),
    states: [even![part]!, odd![part]!],
  }));
}

/** One worker's portion of a vector: the elements from `begin` to `end - 1`, behind the rows that move one by one. */
export interface Portion {
  readonly begin: number;
  readonly end: number;
  /**
   * Notes the squared norm of what this worker wrote of the next state's `weights`: of its portion and of the rows
   * `touched`; and, where drift is measured, the squared distance that it found.
   */
  note(weights: Float32Array, touched: Int32Array, distance: number | undefined): void;
}

export function portionOf({ worker, config: { workers }, plan: { layout, map }, run, engine }: WorkerContext): Portion {
  const { rows, lazyElements } = map;
  const [begin, end] = segmentOf(worker, workers, layout.size, SEGMENT_BLOCK, lazyElements);
  return {
    begin,
    end,
    note(weights, touched, distance) {
      const portion = engine.squaredNorm(weights, begin, end);
      run.written[worker]![0] = portion + engine.squaredNorm(weights, 0, lazyElements, touched);
      if (distance === undefined) return;
      const own = rowsOf(worker, workers, rows);
      run.drift[worker]!.set([distance, portion + engine.squaredNorm(weights, 0, lazyElements, own)]);
    },
  };
}
