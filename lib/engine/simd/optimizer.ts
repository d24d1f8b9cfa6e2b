/** Calls the kernels of norm and optimizer on ranges of flat vectors, given as byte offsets. */
import { power } from "../../base/numbers/elementary.ts";
import { embeddingEnd, embeddingTensor, type ParameterLayout } from "../../model/layout.ts";
import { type AdamConstants, eachRate, rowsByRate, visitRanges } from "../adam.ts";
import type { MeanUpdateOptions, UpdateOptions } from "../contract.ts";
import { type AdamCall, type AdamFormula, type AdamMeanCall, type SimdKernels, STRUCTS } from "./bindings.gen.ts";
import { eachRowList, type ReplicaOffsets, type SimdShardLists } from "./memory/pointers.ts";
import { MAX_SHARDS, type SimdScratch } from "./memory/scratch.ts";

type Writable<Call> = { -readonly [Field in keyof Call]: Call[Field] };

/** Creates a call of a kernel with this struct, whose fields are all 0. */
function emptyCall<Field extends string>(struct: Readonly<Record<Field, unknown>>): Record<Field, number> {
  return Object.fromEntries(Object.keys(struct).map((field) => [field, 0])) as Record<Field, number>;
}

export class SimdOptimizer {
  readonly #kernels: SimdKernels;
  readonly #layout: ParameterLayout;
  readonly #adam: AdamConstants;
  readonly #scratch: SimdScratch;
  readonly #memory: WebAssembly.Memory;
  readonly #lists: SimdShardLists;
  /** `[shard]`: the factors of gradients, in scratch memory. */
  readonly #scales: Float32Array;
  /** The calls of the kernels, which every step overwrites: a new object with all these fields takes longer than a small tensor. */
  readonly #call: Writable<AdamCall> = emptyCall(STRUCTS.AdamCall);
  readonly #meanCall: Writable<AdamMeanCall> = emptyCall(STRUCTS.AdamMeanCall);

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
      for (const [some, factor] of rowsByRate(rows, this.#adam)) {
        this.#setFormula(this.#call, options, factor);
        this.#setRange(from, gradients, into, offset, 0, scale);
        eachRowList(this.#memory, this.#scratch.someRows, some, (at, count) => {
          this.#kernels.adamRows(at, count, width!, low, high, this.#call);
        });
      }
      begin = Math.max(begin, embeddingEnd(this.#layout));
    }
    visitRanges(this.#layout, begin, end, undefined, (...range) => {
      const [, , { multiplicity, decay }] = range;
      eachRate(this.#layout, this.#adam, range, (first, last, factor) => {
        this.#setFormula(this.#call, options, factor, multiplicity, decay);
        this.#setRange(from, gradients, into, first, last - first, scale);
        this.#kernels.adam(this.#call);
      });
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
      for (const [some, factor] of rowsByRate(rows, this.#adam)) {
        this.#setFormula(this.#meanCall, options, factor);
        this.#setMeanRange(from, shards, into, offset, 0);
        eachRowList(this.#memory, this.#scratch.someRows, some, (list, count) => {
          const call = this.#meanCall;
          this.#kernels.adamMeanRows(list, count, width!, height!, stampPointers, options.stamp, rowPointers, call);
        });
      }
      begin = Math.max(begin, embeddingEnd(this.#layout));
    }
    visitRanges(this.#layout, begin, end, undefined, (...range) => {
      const [, , { multiplicity, decay }] = range;
      eachRate(this.#layout, this.#adam, range, (first, last, factor) => {
        this.#lists.vectors(gradients, coefficients, last, 4 * first);
        this.#setFormula(this.#meanCall, options, factor, multiplicity, decay);
        this.#setMeanRange(from, shards, into, first, last - first);
        this.#kernels.adamMean(this.#meanCall);
      });
    });
  }

  /** Sets the call that takes a step over `count` elements of each vector from element `first`. */
  #setRange(
    from: ReplicaOffsets,
    gradients: number,
    into: ReplicaOffsets,
    first: number,
    count: number,
    scale: number,
  ): void {
    const call = this.#call;
    setVectors(call, from, into, 4 * first);
    call.gradient = gradients + 4 * first;
    call.count = count;
    call.scale = scale;
    call.spare = this.#scratch.spare;
  }

  /** Sets the call that takes the mean of the steps of all shards, whose gradients are listed in scratch. */
  #setMeanRange(from: ReplicaOffsets, shards: number, into: ReplicaOffsets, first: number, count: number): void {
    const { vectorPointers, scales, coefficients, replicas, replicaPointers, stack, spare } = this.#scratch;
    const call = this.#meanCall;
    setVectors(call, from, into, 4 * first);
    call.gradients = vectorPointers;
    call.scales = scales;
    call.coefficients = coefficients;
    call.shards = shards;
    call.count = count;
    call.replicas = replicas;
    call.pointers = replicaPointers;
    call.stack = stack;
    call.spare = spare;
  }

  /** Sets the constants of a step at `factor` times the rate, with the bias of the rate and of the factor of √v corrected. */
  #setFormula(
    call: Writable<AdamFormula>,
    options: Pick<UpdateOptions, "step" | "learningRate">,
    factor: number,
    multiplicity = 1,
    decay = true,
  ): void {
    const { beta1, beta2, epsilon, weightDecay } = this.#adam;
    const { step } = options;
    const learningRate = factor * options.learningRate;
    call.oneMinusBeta1 = 1 - beta1;
    call.beta2 = beta2;
    call.oneMinusBeta2 = 1 - beta2;
    call.rate = multiplicity * learningRate / (1 - power(beta1, step));
    call.rootCorrection = 1 / Math.sqrt(1 - power(beta2, step));
    call.epsilon = epsilon;
    call.kept = decay ? 1 - learningRate * weightDecay : 1;
  }

  /** Returns whether `rows` are only some rows of the embedding; all of them move as a whole, in element order. */
  #isPart(rows: Int32Array | undefined): rows is Int32Array {
    return rows !== undefined && rows.length < embeddingTensor(this.#layout).shape[0]!;
  }
}

/** Sets where a step reads and writes weights and moments. */
function setVectors(
  call: Pick<Writable<AdamCall>, "fromW" | "fromM" | "fromV" | "intoW" | "intoM" | "intoV">,
  from: ReplicaOffsets,
  into: ReplicaOffsets,
  shift: number,
): void {
  call.fromW = from.weights + shift;
  call.fromM = from.m + shift;
  call.fromV = from.v + shift;
  call.intoW = into.weights + shift;
  call.intoM = into.m + shift;
  call.intoV = into.v + shift;
}
