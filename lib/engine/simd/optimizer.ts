/** Calls the kernels of norm and optimizer on ranges of flat vectors, given as byte offsets. */
import { embeddingEnd, embeddingTensor, type ParameterLayout } from "../../model/layout.ts";
import { type AdamConstants, visitRanges } from "../adam.ts";
import type { MeanUpdateOptions, UpdateOptions } from "../contract.ts";
import type { AdamCall, AdamFormula, AdamMeanCall, SimdKernels } from "./bindings.gen.ts";
import { eachRowList, type ReplicaOffsets, type SimdShardLists } from "./memory/pointers.ts";
import { MAX_SHARDS, type SimdScratch } from "./memory/scratch.ts";

export class SimdOptimizer {
  readonly #kernels: SimdKernels;
  readonly #layout: ParameterLayout;
  readonly #adam: AdamConstants;
  readonly #scratch: SimdScratch;
  readonly #memory: WebAssembly.Memory;
  readonly #lists: SimdShardLists;
  /** `[shard]`: the factors of gradients, in scratch memory. */
  readonly #scales: Float32Array;

  constructor(
    kernels: SimdKernels,
    layout: ParameterLayout,
    adam: AdamConstants,
    scratch: SimdScratch,
    memory: WebAssembly.Memory,
    lists: SimdShardLists,
  ) {
    this.#kernels = kernels;
    this.#layout = layout;
    this.#adam = adam;
    this.#scratch = scratch;
    this.#memory = memory;
    this.#lists = lists;
    this.#scales = new Float32Array(memory.buffer, scratch.scales, MAX_SHARDS);
  }

  squaredNorm(gradients: number, begin: number, end: number, rows: Int32Array | undefined): number {
    const kernels = this.#kernels;
    let sum = 0;
    if (this.#isPart(rows)) {
      const { offset, size, shape: [, width] } = embeddingTensor(this.#layout);
      const [low, high] = [Math.max(begin - offset, 0), Math.min(end - offset, size)];
      eachRowList(this.#memory, this.#scratch.someRows, rows, (at, count) => {
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
    const { scale, rows, end } = options;
    let { begin } = options;
    if (this.#isPart(rows)) {
      const { offset, size, shape: [, width] } = embeddingTensor(this.#layout);
      const [low, high] = [Math.max(begin - offset, 0), Math.min(end - offset, size)];
      const call = this.#adamCall(from, gradients, into, offset, 0, scale, this.#formula(options));
      eachRowList(this.#memory, this.#scratch.someRows, rows, (at, count) => {
        this.#kernels.adamRows(at, count, width!, low, high, call);
      });
      begin = Math.max(begin, embeddingEnd(this.#layout));
    }
    visitRanges(this.#layout, begin, end, undefined, (first, last, { multiplicity, decay }) => {
      const formula = this.#formula(options, multiplicity, decay);
      this.#kernels.adam(this.#adamCall(from, gradients, into, first, last - first, scale, formula));
    });
  }

  updateMean(
    from: ReplicaOffsets,
    gradients: readonly Float32Array[],
    into: ReplicaOffsets,
    options: MeanUpdateOptions,
  ): void {
    const { stampPointers, rowPointers } = this.#scratch;
    const { scales, coefficients, rows, end } = options;
    const shards = gradients.length;
    this.#scales.set(scales.subarray(0, shards));
    let { begin } = options;
    if (rows) {
      const { offset, shape: [height, width] } = embeddingTensor(this.#layout);
      if (rows.length > 0) {
        this.#lists.vectors(gradients, coefficients, embeddingEnd(this.#layout), 4 * offset);
        this.#lists.stamps(options.stamps, height!);
      }
      const call = this.#meanCall(from, shards, into, offset, 0, this.#formula(options));
      eachRowList(this.#memory, this.#scratch.someRows, rows, (list, count) => {
        this.#kernels.adamMeanRows(list, count, width!, height!, stampPointers, options.stamp, rowPointers, call);
      });
      begin = Math.max(begin, embeddingEnd(this.#layout));
    }
    visitRanges(this.#layout, begin, end, undefined, (first, last, { multiplicity, decay }) => {
      this.#lists.vectors(gradients, coefficients, last, 4 * first);
      const formula = this.#formula(options, multiplicity, decay);
      this.#kernels.adamMean(this.#meanCall(from, shards, into, first, last - first, formula));
    });
  }

  /** Returns the call that takes a step over `count` elements of each vector from element `first`. */
  #adamCall(
    from: ReplicaOffsets,
    gradients: number,
    into: ReplicaOffsets,
    first: number,
    count: number,
    scale: number,
    formula: AdamFormula,
  ): AdamCall {
    const shift = 4 * first;
    return {
      ...formula,
      fromW: from.weights + shift,
      fromM: from.m + shift,
      fromV: from.v + shift,
      gradient: gradients + shift,
      intoW: into.weights + shift,
      intoM: into.m + shift,
      intoV: into.v + shift,
      count,
      scale,
      spare: this.#scratch.spare,
    };
  }

  /** Returns the call that takes the mean of the steps of all shards, whose gradients are listed in scratch. */
  #meanCall(
    from: ReplicaOffsets,
    shards: number,
    into: ReplicaOffsets,
    first: number,
    count: number,
    formula: AdamFormula,
  ): AdamMeanCall {
    const { vectorPointers, scales, coefficients, replicas, replicaPointers, stack, spare } = this.#scratch;
    const shift = 4 * first;
    return {
      ...formula,
      fromW: from.weights + shift,
      fromM: from.m + shift,
      fromV: from.v + shift,
      gradients: vectorPointers,
      scales,
      coefficients,
      shards,
      intoW: into.weights + shift,
      intoM: into.m + shift,
      intoV: into.v + shift,
      count,
      replicas,
      pointers: replicaPointers,
      stack,
      spare,
    };
  }

  /** Returns the constants of a step, with the bias of the rate and of the factor of √v corrected. */
  #formula(
    { step, learningRate }: Pick<UpdateOptions, "step" | "learningRate">,
    multiplicity = 1,
    decay = true,
  ): AdamFormula {
    const { beta1, beta2, epsilon, weightDecay } = this.#adam;
    const rate = multiplicity * learningRate / (1 - beta1 ** step);
    const kept = decay ? 1 - learningRate * weightDecay : 1;
    const rootCorrection = 1 / Math.sqrt(1 - beta2 ** step);
    return { oneMinusBeta1: 1 - beta1, beta2, oneMinusBeta2: 1 - beta2, rate, rootCorrection, epsilon, kept };
  }

  /** Returns whether `rows` are only some rows of the embedding; all of them move as a whole, in element order. */
  #isPart(rows: Int32Array | undefined): rows is Int32Array {
    return rows !== undefined && rows.length < embeddingTensor(this.#layout).shape[0]!;
  }
}
