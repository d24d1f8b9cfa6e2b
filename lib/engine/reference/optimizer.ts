/** Implements the optimizer's part of the contract in plain TypeScript: tests compare other engines with it. */
import { power } from "../../base/numbers/elementary.ts";
import { embeddingEnd, type ParameterLayout } from "../../model/layout.ts";
import { type AdamConstants, eachRate, visitRanges } from "../adam.ts";
import type { MeanUpdateOptions, Replica, UpdateOptions } from "../contract.ts";
import { createTreeMean } from "../tree_mean.ts";

/**
 * Takes one AdamW step (Loshchilov & Hutter, 2019), the contract's `update`: double precision inside, float32 in memory.
 * First w ← w · (1 - learningRate · weightDecay) where the tensor decays, then
 * w ← w - multiplicity · learningRate · m̂ / (√v̂ + ε) with m̂ = m / (1 - β1^t), v̂ = v / (1 - β2^t).
 */
export function adamUpdate(
  layout: ParameterLayout,
  constants: AdamConstants,
  from: Replica,
  gradients: Float32Array,
  into: Replica,
  options: UpdateOptions,
): void {
  const { beta1, beta2, epsilon } = constants;
  const correction1 = 1 - power(beta1, options.step);
  const correction2 = Math.sqrt(1 - power(beta2, options.step));
  visitRanges(layout, options.begin, options.end, options.rows, (...range) => {
    const [, , { multiplicity, decay }] = range;
    eachRate(layout, constants, range, (first, last, factor) => {
      const learningRate = factor * options.learningRate;
      const rate = multiplicity * learningRate / correction1;
      const kept = decay ? 1 - learningRate * constants.weightDecay : 1;
      for (let i = first; i < last; i++) {
        const gradient = gradients[i]! * options.scale;
        const m = beta1 * from.m[i]! + (1 - beta1) * gradient;
        const v = beta2 * from.v[i]! + (1 - beta2) * gradient * gradient;
        into.m[i] = m;
        into.v[i] = v;
        into.weights[i] = kept * from.weights[i]! - rate * m / (Math.sqrt(v) / correction2 + epsilon);
      }
    });
  });
}

/** Implements `squaredNorm` of the contract. */
export function squaredNorm(
  layout: ParameterLayout,
  gradients: Float32Array,
  begin: number,
  end: number,
  rows?: Int32Array,
): number {
  let sum = 0;
  visitRanges(layout, begin, end, rows, (first, last, { multiplicity }) => {
    for (let i = first; i < last; i++) sum += multiplicity * gradients[i]! ** 2;
  });
  return sum;
}

/** Implements `updateMean` of the contract with a replica of each shard. */
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
    for (const vector of ["weights", "m", "v"] as const) {
      mean(replicas.map((replica) => replica[vector]), coefficients, into[vector], first, last);
    }
  });
}
