/** Which vectors an averaging of weights is about, and in what portions the workers take them. */
import type { TrainingConfig } from "../config/schema.ts";

/** Elements that one worker averages in one go: whole cache lines. */
export const SEGMENT_BLOCK = 16;

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
