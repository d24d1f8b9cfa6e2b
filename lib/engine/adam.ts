import { type ParameterLayout } from "../model/layout.ts";
import type { Replica, UpdateOptions } from "./contract.ts";

/** Adam's constants. */
export interface AdamConstants {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** `beta1` 0.9 and `beta2` 0.999, as in the paper and every library, and `epsilon`. */
export function adamConstants(epsilon: number): AdamConstants {
  return { beta1: 0.9, beta2: 0.999, epsilon };
}

/**
 * One Adam step in plain TypeScript, the reference of every engine: double precision inside, float32 in memory.
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
  const correction1 = 1 - beta1 ** options.step;
  const correction2 = Math.sqrt(1 - beta2 ** options.step);
  for (const tensor of layout.tensors) {
    const rate = tensor.multiplicity * options.learningRate / correction1;
    const begin = Math.max(tensor.offset, options.begin);
    const end = Math.min(tensor.offset + tensor.size, options.end);
    for (let i = begin; i < end; i++) {
      const gradient = gradients[i]! * options.scale;
      const m = beta1 * from.m[i]! + (1 - beta1) * gradient;
      const v = beta2 * from.v[i]! + (1 - beta2) * gradient * gradient;
      into.m[i] = m;
      into.v[i] = v;
      into.weights[i] = from.weights[i]! - rate * m / (Math.sqrt(v) / correction2 + epsilon);
    }
  }
}

/** The squared norm that the contract describes. */
export function squaredNorm(layout: ParameterLayout, gradients: Float32Array, begin: number, end: number): number {
  let sum = 0;
  for (const tensor of layout.tensors) {
    const first = Math.max(tensor.offset, begin);
    const last = Math.min(tensor.offset + tensor.size, end);
    for (let i = first; i < last; i++) sum += tensor.multiplicity * gradients[i]! ** 2;
  }
  return sum;
}

/** Scale that brings a gradient of squared norm `squared` to at most `clipNorm` (PyTorch's `clip_grad_norm_`); 0 is off. */
export function clipScale(squared: number, clipNorm: number): number {
  if (clipNorm === 0) return 1;
  return Math.min(1, clipNorm / (Math.sqrt(squared) + 1e-6));
}
