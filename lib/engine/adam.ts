import { embeddingTensor, type ParameterLayout, type TensorLayout } from "../model/layout.ts";

/** Holds the constants of Adam, which every engine shares. */
export interface AdamConstants {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled: each step shrinks w by learningRate · weightDecay · w in tensors whose `decay` is set. */
  readonly weightDecay: number;
  /** Rows of the embedding, from `first` to `end - 1`, that move at `rate` times the learning rate. */
  readonly slowRows?: { readonly first: number; readonly end: number; readonly rate: number } | undefined;
}

/** Returns `epsilon` and `weightDecay` with β1 = 0.9 and β2 = 0.999, the values of the paper and of every library. */
export function adamConstants(
  epsilon: number,
  weightDecay = 0,
  slowRows?: AdamConstants["slowRows"],
): AdamConstants {
  return { beta1: 0.9, beta2: 0.999, epsilon, weightDecay, slowRows };
}

/** Calls `visit` with the parts of the elements `first` to `last - 1` of `tensor`, and the factor of their learning rate. */
export function eachRate(
  layout: ParameterLayout,
  { slowRows }: AdamConstants,
  [first, last, tensor]: readonly [first: number, last: number, tensor: TensorLayout],
  visit: (first: number, last: number, factor: number) => void,
): void {
  if (!slowRows || tensor !== embeddingTensor(layout)) return visit(first, last, 1);
  const edge = (row: number) => Math.min(last, Math.max(first, tensor.offset + row * tensor.shape[1]!));
  const [begin, end] = [edge(slowRows.first), edge(slowRows.end)];
  if (first < begin) visit(first, begin, 1);
  if (begin < end) visit(begin, end, slowRows.rate);
  if (end < last) visit(end, last, 1);
}

/** Returns `rows` of the embedding by the factors of their learning rate. */
export function rowsByRate(
  rows: Int32Array,
  { slowRows }: AdamConstants,
): (readonly [rows: Int32Array, factor: number])[] {
  if (!slowRows) return [[rows, 1]];
  const isSlow = (row: number) => row >= slowRows.first && row < slowRows.end;
  return [[rows.filter((row) => !isSlow(row)), 1], [rows.filter(isSlow), slowRows.rate]];
}

/**
 * Calls `visit` with the elements of each tensor that lie from `begin` to `end - 1`. With `rows`, it visits only those rows of
 * the embedding, in their order (or the whole embedding, in element order, if they are all of its rows).
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

/** Returns PyTorch's `clip_grad_norm_` as a factor: it scales a gradient of squared norm `squared` to norm `clipNorm`, 0 is off. */
export function clipScale(squared: number, clipNorm: number): number {
  if (clipNorm === 0) return 1;
  return Math.min(1, clipNorm / (Math.sqrt(squared) + 1e-6));
}
