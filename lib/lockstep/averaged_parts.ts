/** Which vectors an averaging of weights is about, and in what portions the workers take them. */
import type { TrainingConfig } from "../config/schema.ts";
import type { AverageRowsOptions } from "../engine/contract.ts";
import { segmentOf } from "./plan.ts";
import type { SharedRun } from "./shared_run.ts";
import type { WorkerContext } from "./worker_loop.ts";

/** Elements that one worker averages in one go: whole cache lines. */
const SEGMENT_BLOCK = 16;

interface Moments {
  readonly m: Float32Array;
  readonly v: Float32Array;
}

/** Lists the vectors that are averaged: weights and, with averaged moments, m and v. */
export function averagedPartsOf(
  { moments }: Pick<TrainingConfig, "moments">,
): (weights: Float32Array, sets?: Moments) => Float32Array[] {
  return (weights, sets) => moments === "average" && sets ? [weights, sets.m, sets.v] : [weights];
}

/** The averaged vectors of each shard's replica and of both copies of the state. */
export function averagedVectors(run: SharedRun, training: Pick<TrainingConfig, "moments">): {
  /** `[shard][part]` */
  readonly slots: readonly Float32Array[][];
  readonly states: readonly [even: Float32Array[], odd: Float32Array[]];
} {
  const parts = averagedPartsOf(training);
  const [even, odd] = run.states;
  return {
    slots: run.slots.map((slot) => parts(slot.weights, slot)),
    states: [parts(even.weights, even.moments[0]), parts(odd.weights, odd.moments[0])],
  };
}

/** One worker's portion of a vector: the elements from `begin` to `end - 1`, behind the rows that move one by one. */
export interface Portion {
  readonly begin: number;
  readonly end: number;
  /** Averages the portion and the rows that the options list. Returns what the engine does. */
  average(options: AverageRowsOptions): number;
}

export function portionOf({ worker, config: { workers }, plan: { layout, map }, engine }: WorkerContext): Portion {
  const [begin, end] = segmentOf(worker, workers, layout.size, SEGMENT_BLOCK, map.lazyElements);
  return {
    begin,
    end,
    average: (options) => engine.average({ ...options, begin, end }) + engine.averageRows(options),
  };
}
