/** `updateMean` of the contract in plain TypeScript, replicas and all: the reference of every engine. */
import { embeddingEnd, type ParameterLayout } from "../../model/layout.ts";
import { type AdamConstants, adamUpdate, visitRanges } from "../adam.ts";
import type { MeanUpdateOptions, Replica } from "../contract.ts";
import { createTreeMean } from "../tree_mean.ts";

export function updateMean(
  layout: ParameterLayout,
  constants: AdamConstants,
  from: Replica,
  gradients: readonly Float32Array[],
  into: Replica,
  { scales, coefficients, rows, stamps, stamp, ...step }: MeanUpdateOptions,
): void {
  const replicas = gradients.map((gradient, shard): Replica => {
    const own = { weights: from.weights.slice(), m: from.m.slice(), v: from.v.slice() };
    const touched = rows?.filter((row) => stamps[shard]![row] === stamp);
    const ofAll = rows && { begin: Math.max(step.begin, embeddingEnd(layout)) };
    adamUpdate(layout, constants, from, gradient, own, { ...step, ...ofAll, scale: scales[shard]! });
    if (touched) adamUpdate(layout, constants, from, gradient, own, { ...step, scale: scales[shard]!, rows: touched });
    return own;
  });
  const { mean } = createTreeMean(gradients.length);
  visitRanges(layout, step.begin, step.end, rows, (first, last) => {
    for (const part of ["weights", "m", "v"] as const) {
      mean(replicas.map((replica) => replica[part]), coefficients, into[part], first, last);
    }
  });
}
