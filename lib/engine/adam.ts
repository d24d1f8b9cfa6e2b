import { embeddingTensor, type ParameterLayout, type TensorLayout } from "../model/layout.ts";

/** Adam's constants. */
export interface AdamConstants {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled: w shrinks by learningRate · weightDecay · w a step, where the tensor's `decay` says so. */
  readonly weightDecay: number;
}

/** `beta1` 0.9 and `beta2` 0.999, as in the paper and every library, `epsilon` and `weightDecay`. */
export function adamConstants(epsilon: number, weightDecay = 0): AdamConstants {
  return { beta1: 0.9, beta2: 0.999, epsilon, weightDecay };
}

/**
 * Calls `visit` with the elements of each tensor that lie from `begin` to `end - 1`; of the embedding, if there are
 * `rows`, with those rows alone, in their order (or with the whole, in element order, if they are all).
 */
export function visitRanges(
  layout: ParameterLayout,
  begin: number,
  end: number,
  rows: Int32Array | undefined,
  visit: (first: number, last: number, tensor: TensorLayout) => void,
): void {
  for (const tensor of layout.tensors) {
    const { offset, size, shape } = tensor;
    if (offset >= end || offset + size <= begin) continue;
    if (rows && tensor === embeddingTensor(layout) && rows.length < shape[0]!) {
      const width = shape[1]!;
      for (const row of rows) {
        const first = Math.max(offset + row * width, begin);
        const last = Math.min(offset + (row + 1) * width, end);
        if (first < last) visit(first, last, tensor);
      }
    } else {
      visit(Math.max(offset, begin), Math.min(offset + size, end), tensor);
    }
  }
}

/** Scale that brings a gradient of squared norm `squared` to at most `clipNorm` (PyTorch's `clip_grad_norm_`); 0 is off. */
export function clipScale(squared: number, clipNorm: number): number {
  if (clipNorm === 0) return 1;
  return Math.min(1, clipNorm / (Math.sqrt(squared) + 1e-6));
}
