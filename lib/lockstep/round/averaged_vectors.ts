/** Lists the vectors that averaging weights averages, and cuts them into one slice per worker. */
import type { TrainingConfig } from "../../config/schema.ts";
import { DriftField } from "../memory/fields.ts";
import { rowsOf } from "../memory/sparse_rows.ts";
import type { SharedRun } from "../memory/views.ts";
import { sliceOf } from "../plan.ts";
import type { WorkerContext } from "./context.ts";

/** Counts the elements of a cache line: slices are whole cache lines. */
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

/** Lists the places of one averaged vector. */
interface AveragedVector {
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

/** Describes one worker's slice of a vector: the elements `begin` to `end - 1`, behind the rows that move one by one. */
interface VectorSlice {
  readonly begin: number;
  readonly end: number;
  /**
   * Notes the squared norm of the next state's `weights` where this worker wrote them (its slice and the rows `touched`)
   * and, if drift is measured, the squared distance that it found.
   */
  note(weights: Float32Array, touched: Int32Array, distance: number | undefined): void;
}

export function sliceOfVector(
  { worker, config: { workers }, plan: { layout, map }, run, engine }: WorkerContext,
): VectorSlice {
  const { lazyRows, lazyElements } = map;
  const [begin, end] = sliceOf(worker, workers, layout.size, SLICE_BLOCK, lazyElements);
  return {
    begin,
    end,
    note(weights, touched, distance) {
      const ofSlice = engine.squaredNorm(weights, begin, end);
      run.written[worker]![0] = ofSlice + engine.squaredNorm(weights, 0, lazyElements, touched);
      if (distance === undefined) return;
      const drift = run.drift[worker]!;
      const own = rowsOf(worker, workers, lazyRows);
      drift[DriftField.squaredDistance] = distance;
      drift[DriftField.squaredNorm] = ofSlice + engine.squaredNorm(weights, 0, lazyElements, own);
    },
  };
}
