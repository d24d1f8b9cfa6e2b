/** The optimizer's passes of the simd engine over ranges of flat vectors. Vectors are byte offsets here. */
import { embeddingEnd, embeddingTensor, type ParameterLayout } from "../model/layout.ts";
import { type AdamConstants, visitRanges } from "./adam.ts";
import type { UpdateOptions } from "./contract.ts";
import type { SimdKernels } from "./simd_kernels.ts";
import type { ReplicaOffsets } from "./simd_pointers.ts";
import { eachRowList } from "./simd_row_list.ts";
import type { SimdScratch } from "./simd_scratch.ts";

export class SimdOptimizer {
  readonly #kernels: SimdKernels;
  readonly #layout: ParameterLayout;
  readonly #adam: AdamConstants;
  readonly #scratch: SimdScratch;
  readonly #memory: WebAssembly.Memory;

  constructor(
    kernels: SimdKernels,
    layout: ParameterLayout,
    adam: AdamConstants,
    scratch: SimdScratch,
    memory: WebAssembly.Memory,
  ) {
    this.#kernels = kernels;
    this.#layout = layout;
    this.#adam = adam;
    this.#scratch = scratch;
    this.#memory = memory;
  }

  squaredNorm(gradients: number, begin: number, end: number, rows: Int32Array | undefined): number {
    const kernels = this.#kernels;
    let sum = 0;
    if (this.#isPart(rows)) {
      const { offset, size, shape: [, width] } = embeddingTensor(this.#layout);
      const [low, high] = [Math.max(begin - offset, 0), Math.min(end - offset, size)];
      eachRowList(this.#memory, this.#scratch, rows, (at, count) => {
        sum = kernels.squaredNormRows(at, count, width!, low, high, gradients + 4 * offset, sum);
      });
      begin = Math.max(begin, embeddingEnd(this.#layout));
    }
    visitRanges(this.#layout, begin, end, undefined, (first, last, { multiplicity }) => {
      sum += multiplicity * kernels.squaredNorm(gradients + 4 * first, last - first);
    });
    return sum;
  }

  update(from: ReplicaOffsets, gradients: number, into: ReplicaOffsets, options: UpdateOptions): void {
    const { beta1, beta2, epsilon, weightDecay } = this.#adam;
    const { spare } = this.#scratch;
    const { scale, rows, end } = options;
    const rootCorrection = 1 / Math.sqrt(1 - beta2 ** options.step);
    const rate = options.learningRate / (1 - beta1 ** options.step);
    const decayed = 1 - options.learningRate * weightDecay;
    let { begin } = options;
    if (this.#isPart(rows)) {
      const { offset, size, shape: [, width] } = embeddingTensor(this.#layout);
      const [low, high] = [Math.max(begin - offset, 0), Math.min(end - offset, size)];
      const shift = 4 * offset;
      eachRowList(this.#memory, this.#scratch, rows, (at, count) =>
        this.#kernels.adamRows(
          at,
          count,
          width!,
          low,
          high,
          from.weights + shift,
          from.m + shift,
          from.v + shift,
          gradients + shift,
          into.weights + shift,
          into.m + shift,
          into.v + shift,
          scale,
          1 - beta1,
          beta2,
          1 - beta2,
          rate,
          rootCorrection,
          epsilon,
          decayed,
          spare,
        ));
      begin = Math.max(begin, embeddingEnd(this.#layout));
    }
    visitRanges(this.#layout, begin, end, undefined, (first, last, { multiplicity, decay }) => {
      const shift = 4 * first;
      this.#kernels.adam(
        from.weights + shift,
        from.m + shift,
        from.v + shift,
        gradients + shift,
        into.weights + shift,
        into.m + shift,
        into.v + shift,
        last - first,
        scale,
        1 - beta1,
        beta2,
        1 - beta2,
        multiplicity * rate,
        rootCorrection,
        epsilon,
        decay ? decayed : 1,
        spare,
      );
    });
  }

  /** Whether `rows` are some of the embedding's: all of them are its whole, in element order. */
  #isPart(rows: Int32Array | undefined): rows is Int32Array {
    return rows !== undefined && rows.length < embeddingTensor(this.#layout).shape[0]!;
  }
}
