/**
 * The simd engine's scratch memory for step 0 once per distinct first token, with the words of simd_scratch.ts; `F` is the
 * distinct tokens of a batch's step 0.
 *
 *     firstOfSlot int32 [D]  slotOfFirst int32 [F]  firsts int32 [batch]
 *     gates, recurrentParts, gateSums [4P][F][8]  states [F][·]
 *     cells, cellTanhs, stateGradient, cellGradient [P][F][8]
 */
import type { ModelSpec } from "../../../model/spec.ts";
import type { LargestSizes } from "../memory/scratch.ts";
import { padded, rowStride } from "../memory/shapes.ts";

type SimdFirstStepArea =
  | ("firstOfSlot" | "slotOfFirst" | "firsts")
  | ("gates" | "recurrentParts" | "gateSums" | "states")
  | ("cells" | "cellTanhs" | "stateGradient" | "cellGradient");

/** The byte offset where each area begins. */
export type SimdFirstStepScratch = Readonly<Record<SimdFirstStepArea, number>>;

/** Whether step 0 matters to the next step alone: not to another layer or direction, nor to pooling. */
export function hasFirstStep({ layers, bidirectional, pooling }: ModelSpec): boolean {
  return layers === 1 && !bidirectional && pooling === "last";
}

/** Bytes of each area, in order. */
export function firstStepAreaBytes(
  spec: ModelSpec,
  maxBatch: number,
  most: LargestSizes,
): Record<SimdFirstStepArea, number> {
  const count = hasFirstStep(spec) ? Math.min(spec.vocabulary, maxBatch) : 0;
  const h8 = padded(spec.hidden);
  const gates = 4 * h8;
  return {
    firstOfSlot: hasFirstStep(spec) ? 4 * most.distinct : 0,
    slotOfFirst: 4 * count,
    firsts: hasFirstStep(spec) ? 4 * maxBatch : 0,
    gates: 4 * gates * count,
    recurrentParts: 4 * gates * count,
    gateSums: 4 * gates * count,
    states: rowStride(spec.hidden) * count,
    cells: 4 * h8 * count,
    cellTanhs: 4 * h8 * count,
    stateGradient: 4 * h8 * count,
    cellGradient: 4 * h8 * count,
  };
}
