/**
 * The simd engine: a training step in fused WebAssembly kernels over one shared memory, without copies. This file checks
 * what the engine is given and turns it into pointers; `simd_passes.ts` says what is computed.
 */
import type { Batch, BatchMetrics } from "../data/batch.ts";
import type { ParameterLayout } from "../model/layout.ts";
import type { ModelSpec } from "../model/spec.ts";
import { type AdamConstants, visitRanges } from "./adam.ts";
import type { AverageOptions, EmbeddingRows, Engine, Replica, UpdateOptions } from "./contract.ts";
import type { DropoutOptions } from "./dropout.ts";
import { bindKernels, type SimdKernels } from "./simd_kernels.ts";
import { SimdPasses } from "./simd_passes.ts";
import { chunkRows, MAX_SHARDS, padded, simdScratch, simdScratchBytes } from "./simd_scratch.ts";
import { requireFullRows, requireSupported } from "./simd_support.ts";

export { simdScratchBytes };

export interface SimdEngineOptions {
  readonly spec: ModelSpec;
  readonly layout: ParameterLayout;
  readonly adam: AdamConstants;
  readonly dropout?: DropoutOptions;
  readonly embeddingRows?: EmbeddingRows;
  /** `kernels/lockstep.wasm`, compiled. */
  readonly module: WebAssembly.Module;
  /** Shared. Every array that the engine is given must be a view on it. */
  readonly memory: WebAssembly.Memory;
  /** The engine's own part of the memory: at least `simdScratchBytes(...)`, at a multiple of 64. */
  readonly scratch: { readonly byteOffset: number; readonly byteLength: number };
  /** Most sequences of a batch. */
  readonly maxBatch: number;
  /** Most tokens of a sequence. */
  readonly maxLength: number;
}

/** Throws a RangeError if the scratch memory is too small or not aligned, or if the engine lacks an option. */
export function createSimdEngine(options: SimdEngineOptions): Engine {
  requireSupported(options);
  const { spec, memory, scratch, maxBatch, maxLength } = options;
  const needed = simdScratchBytes(spec, maxBatch, maxLength);
  if (scratch.byteLength < needed || scratch.byteOffset % 64 !== 0) {
    throw new RangeError(
      `The scratch memory has ${scratch.byteLength} bytes at ${scratch.byteOffset}: expected ${needed} at a multiple of 64`,
    );
  }
  return new FusedEngine(options, bindKernels(options.module, memory));
}

class FusedEngine implements Engine {
  readonly name = "simd";
  readonly #options: SimdEngineOptions;
  readonly #kernels: SimdKernels;
  readonly #passes: SimdPasses;
  /** A view on the word at `spare`: the count of hits. */
  readonly #hits: Int32Array;
  /** Distinct tokens of the last batch. */
  #distinct = 0;

  constructor(options: SimdEngineOptions, kernels: SimdKernels) {
    const { spec, layout, memory, scratch } = options;
    this.#options = options;
    this.#kernels = kernels;
    const at = simdScratch(spec, options.maxBatch, options.maxLength, scratch.byteOffset);
    this.#passes = new SimdPasses(kernels, spec, layout, at);
    this.#hits = new Int32Array(memory.buffer, at.spare, 1);
    // The padding of packed weights is 0, that of the logits' bias -Infinity.
    kernels.zero(scratch.byteOffset, simdScratchBytes(spec, options.maxBatch, options.maxLength));
    new Float32Array(memory.buffer, at.denseBias, padded(spec.classes)).fill(-Infinity);
  }

  gradients(weights: Float32Array, batch: Batch, out: Float32Array, _draw: number): BatchMetrics {
    const target = this.#vector(out, "out");
    const labels = this.#labels(batch);
    this.#prepare(weights, batch);
    this.#passes.beginBackward(weights.byteOffset);
    const metrics = this.#eachChunk(batch, (first, rows) => {
      const lossSum = this.#crossEntropy(labels + 4 * first, rows, 1 / batch.size);
      this.#passes.backward(first, rows, batch.length);
      return lossSum;
    });
    this.#passes.endBackward(target, this.#options.embeddingRows === "lazy");
    return metrics;
  }

  rows(): Int32Array {
    return new Int32Array(this.#options.memory.buffer, this.#passes.scratch.tokenOfSlot, this.#distinct);
  }

  squaredNorm(gradients: Float32Array, begin: number, end: number, rows?: Int32Array): number {
    const pointer = this.#vector(gradients, "gradients");
    let sum = 0;
    visitRanges(this.#options.layout, begin, end, rows, (first, last, { multiplicity }) => {
      sum += multiplicity * this.#kernels.squaredNorm(pointer + 4 * first, last - first);
    });
    return sum;
  }

  update(from: Replica, gradients: Float32Array, into: Replica, options: UpdateOptions): void {
    const { beta1, beta2, epsilon } = this.#options.adam;
    const fromW = this.#vector(from.weights, "from.weights");
    const fromM = this.#vector(from.m, "from.m"), fromV = this.#vector(from.v, "from.v");
    const gradient = this.#vector(gradients, "gradients");
    const intoW = this.#vector(into.weights, "into.weights");
    const intoM = this.#vector(into.m, "into.m"), intoV = this.#vector(into.v, "into.v");
    const rootCorrection = 1 / Math.sqrt(1 - beta2 ** options.step);
    const rate = options.learningRate / (1 - beta1 ** options.step);
    visitRanges(this.#options.layout, options.begin, options.end, options.rows, (first, last, { multiplicity }) => {
      const shift = 4 * first;
      this.#kernels.adam(
        fromW + shift,
        fromM + shift,
        fromV + shift,
        gradient + shift,
        intoW + shift,
        intoM + shift,
        intoV + shift,
        last - first,
        options.scale,
        1 - beta1,
        beta2,
        1 - beta2,
        multiplicity * rate,
        rootCorrection,
        epsilon,
        this.#passes.scratch.spare,
      );
    });
  }

  predict(weights: Float32Array, batch: Batch): Float32Array {
    const { spec: { classes }, memory } = this.#options;
    const { scratch: at, classPanels } = this.#passes;
    const probabilities = new Float32Array(batch.size * classes);
    this.#prepare(weights, batch);
    this.#eachChunk(batch, (first, rows) => {
      this.#kernels.softmax(at.logits, rows, classPanels, classes, at.probabilities, at.spare);
      probabilities.set(new Float32Array(memory.buffer, at.probabilities, rows * classes), first * classes);
      return 0;
    });
    return probabilities;
  }

  evaluate(weights: Float32Array, batch: Batch): BatchMetrics {
    const labels = this.#labels(batch);
    this.#prepare(weights, batch);
    return this.#eachChunk(batch, (first, rows) => this.#crossEntropy(labels + 4 * first, rows, 1));
  }

  average({ vectors, coefficients, into, begin, end, drift }: AverageOptions): number {
    if (vectors.length > MAX_SHARDS) {
      throw new RangeError(`Cannot average ${vectors.length} vectors: at most ${MAX_SHARDS}`);
    }
    const { vectorPointers, coefficients: factors, stack } = this.#passes.scratch;
    const pointers = new Int32Array(this.#options.memory.buffer, vectorPointers, vectors.length);
    const values = new Float32Array(this.#options.memory.buffer, factors, vectors.length);
    for (const [shard, vector] of vectors.entries()) {
      pointers[shard] = this.#pointer(vector, `vectors[${shard}]`, end) + 4 * begin;
      values[shard] = coefficients[shard]!;
    }
    const target = this.#pointer(into, "into", end) + 4 * begin;
    const flag = drift ? 1 : 0;
    return this.#kernels.average(vectorPointers, factors, vectors.length, target, end - begin, stack, flag);
  }

  /** Nothing to give back: the memory is the caller's. */
  dispose(): void {}

  /**
   * Forward of the whole batch, chunk after chunk: `use` finds the chunk's logits in scratch, counts its hits and
   * returns its loss.
   */
  #eachChunk(batch: Batch, use: (first: number, rows: number) => number): BatchMetrics {
    let lossSum = 0;
    this.#hits[0] = 0;
    const chunk = chunkRows(this.#options.spec.hidden, batch.size, batch.length);
    for (let first = 0; first < batch.size; first += chunk) {
      const rows = Math.min(chunk, batch.size - first);
      this.#passes.forward(first, rows, batch.length);
      lossSum += use(first, rows);
    }
    return { lossSum, correct: this.#hits[0]! };
  }

  /** The loss of the chunk whose logits are in scratch; these become its gradient, times `scale`. */
  #crossEntropy(labels: number, rows: number, scale: number): number {
    const { scratch: at, classPanels } = this.#passes;
    return this.#kernels.softmaxCrossEntropy(at.logits, rows, classPanels, labels, scale, at.spare, at.spare + 4);
  }

  /** Checks the arguments, packs the weights and projects the batch's distinct tokens. */
  #prepare(weights: Float32Array, batch: Batch): void {
    const { maxBatch, maxLength } = this.#options;
    const source = this.#vector(weights, "weights");
    if (batch.size > maxBatch || batch.length > maxLength || batch.length < 1) {
      throw new RangeError(
        `The batch is ${batch.size} × ${batch.length}: expected at most ${maxBatch} × ${maxLength}, and a length of at least 1`,
      );
    }
    requireFullRows(batch);
    const tokens = this.#pointer(batch.tokens, "batch.tokens", batch.size * batch.length);
    this.#distinct = this.#passes.prepare(source, tokens, batch);
  }

  /** The pointer to a flat vector. */
  #vector(values: Float32Array, name: string): number {
    return this.#pointer(values, name, this.#options.layout.size);
  }

  #pointer(values: Float32Array | Int32Array, name: string, length: number): number {
    if (values.buffer !== this.#options.memory.buffer) {
      throw new TypeError(`${name} is not a view on the engine's memory`);
    }
    if (values.length < length) {
      throw new RangeError(`${name} has ${values.length} elements: expected at least ${length}`);
    }
    return values.byteOffset;
  }

  /** The pointer to a batch's labels, each seen to be a class. */
  #labels(batch: Batch): number {
    const { classes } = this.#options.spec;
    const pointer = this.#pointer(batch.labels, "batch.labels", batch.size);
    for (let row = 0; row < batch.size; row++) {
      const label = batch.labels[row]!;
      if (label < 0 || label >= classes) {
        throw new RangeError(`batch.labels[${row}] is ${label}: expected 0 to ${classes - 1}`);
      }
    }
    return pointer;
  }
}
