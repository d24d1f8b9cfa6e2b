/** Lists the vectors that an averaging of weights is about, and cuts them into one slice a worker. */
import type { TrainingConfig } from "../../config/schema.ts";
import { DriftFigure } from "../memory/figures.ts";
import { rowsOf } from "../memory/sparse_rows.ts";
import type { SharedRun } from "../memory/views.ts";
import { sliceOf } from "../plan.ts";
import type { WorkerContext } from "./context.ts";

/** Slices are whole cache lines: this many elements. */
const SLICE_BLOCK = 16;

interface Moments {
  readonly m: Float32Array;
  readonly v: Float32Array;
}

/** Returns the function that picks the averaged vectors: weights and, with averaged moments, m and v. */
export function pickAveraged(
  { moments }: Pick<TrainingConfig, "moments">,
): (weights: Float32Array, sets?: Moments) => Float32Array[] {
  return (weights, sets) => moments === "average" && sets ? [weights, sets.m, sets.v] : [weights];
}

/** One of the averaged vectors, in all places that have it. */
export interface AveragedVector {
  /** Is true for the weights, whose drift is measured. */
  readonly isWeights: boolean;
  /** `[shard]` in its replica. */
  readonly slots: readonly Float32Array[];
  /** In both copies of the state. */
  readonly states: readonly [even: Float32Array, odd: Float32Array];
}

/** Lists the vectors that are averaged, weights first. */
export function averagedVectors(run: SharedRun, training: Pick<TrainingConfig, "moments">): AveragedVector[] {
  const pick = pickAveraged(training);
  const [even, odd] = run.states.map(({ weights, moments }) => pick(weights, moments[0]));
  const slots = run.slots.map((slot) => pick(slot.weights, slot));
  return even!.map((_, i) => ({
    isWeights: i === 0,
    slots: slots.map((vectors) => vectors[i]!),
    states: [even![i]!, odd![i]!],
  }));
}

/** One worker's slice of a vector: the elements from `begin` to `end - 1`, behind the rows that move one by one. */
export interface VectorSlice {
  readonly begin: number;
  readonly end: number;
  /**
   * Notes the squared norm of the next state's `weights` where this worker wrote them: in its slice and in the rows
   * `touched`; and, where drift is measured, the squared distance that it found.
   */
  note(weights: Float32Array, touched: Int32Array, distance: number | undefined): void;
}

export function sliceOfVector(
  { worker, config: { workers }, plan: { layout, map }, run, engine }: WorkerContext,
): VectorSlice {
  const { rows, lazyElements } = map;
  const [begin, end] = sliceOf(worker, workers, layout.size, SLICE_BLOCK, lazyElements);
  return {
    begin,
    end,
    note(weights, touched, distance) {
      const ofSlice = engine.squaredNorm(weights, begin, end);
      run.written[worker]![0] = ofSlice + engine.squaredNorm(weights, 0, lazyElements, touched);
      if (distance === undefined) return;
      const drift = run.drift[worker]!;
      const own = rowsOf(worker, workers, rows);
      drift[DriftFigure.squaredDistance] = distance;
      drift[DriftFigure.squaredNorm] = ofSlice + engine.squaredNorm(weights, 0, lazyElements, own);
    },
  };
}
