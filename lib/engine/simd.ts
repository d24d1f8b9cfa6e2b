/**
 * The simd engine: a training step in fused WebAssembly kernels over one shared memory, without copies. This file checks
 * what the engine is given and turns it into pointers; `simd_passes.ts` says what is computed.
 */
import type { Batch, BatchMetrics } from "../data/batch.ts";
import type { ParameterLayout } from "../model/layout.ts";
import type { ModelSpec } from "../model/spec.ts";
import type { AdamConstants } from "./adam.ts";
import type { Engine, Replica, UpdateOptions } from "./contract.ts";
import { bindKernels, type SimdKernels } from "./simd_kernels.ts";
import { SimdPasses } from "./simd_passes.ts";
import { chunkRows, MAX_SHARDS, padded, type SimdScratch, simdScratch, simdScratchBytes } from "./simd_scratch.ts";

export { simdScratchBytes };

export interface SimdEngineOptions {
  readonly spec: ModelSpec;
  readonly layout: ParameterLayout;
  readonly adam: AdamConstants;
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

interface Averaged {
  readonly vectors: readonly Float32Array[];
  readonly coefficients: ArrayLike<number>;
  readonly into: Float32Array;
  /** Whether to sum the squared distances of all vectors to the average. */
  readonly drift: boolean;
}

/** `into[i] = Σ_s coefficients[s] · vectors[s][i]` for i from `begin` to `end - 1`. */
export interface AverageOptions extends Averaged {
  readonly begin: number;
  readonly end: number;
}

/** The same for the listed rows of the embedding; the vectors are whole flat vectors. */
export interface AverageRowsOptions extends Averaged {
  readonly rows: Int32Array;
}

export interface SparseMetrics extends BatchMetrics {
  /** The distinct tokens of the batch, by order of first appearance: a view on scratch, valid until the next batch. */
  readonly rows: Int32Array;
}

/** One optimizer step of some rows. */
export type RowsUpdate = Pick<UpdateOptions, "step" | "learningRate" | "scale">;

/** The embedding comes first in the layout, so its row r is the elements from `embedding · r` on. */
export interface SimdEngine extends Engine {
  /**
   * Averages by a fixed binary tree over the vectors (split at the largest power of two below their number), products and
   * sums rounded to float32 one by one. Returns the squared distances' sum, or 0 without `drift`.
   */
  average(options: AverageOptions): number;
  averageRows(options: AverageRowsOptions): number;
  /** `gradients`, but the embedding's rows that are not in the result's `rows` are left as they are. */
  sparseGradients(weights: Float32Array, batch: Batch, out: Float32Array): SparseMetrics;
  /** The squared norm of the listed rows of the embedding. */
  squaredNormRows(gradients: Float32Array, rows: Int32Array): number;
  /** `update` of the listed rows of the embedding. Moments and weights of all others stay, as in PyTorch's SparseAdam. */
  updateRows(from: Replica, gradients: Float32Array, into: Replica, rows: Int32Array, options: RowsUpdate): void;
}

/** Throws a RangeError if the scratch memory is too small or not aligned. */
export function createSimdEngine(options: SimdEngineOptions): SimdEngine {
  const { spec, memory, scratch, maxBatch, maxLength } = options;
  const needed = simdScratchBytes(spec, maxBatch, maxLength);
  if (scratch.byteLength < needed || scratch.byteOffset % 64 !== 0) {
    throw new RangeError(
      `The scratch memory has ${scratch.byteLength} bytes at ${scratch.byteOffset}: expected ${needed} at a multiple of 64`,
    );
  }
  return new FusedEngine(options, bindKernels(options.module, memory));
}

class FusedEngine implements SimdEngine {
  readonly name = "simd";
  readonly #options: SimdEngineOptions;
  readonly #kernels: SimdKernels;
  readonly #scratch: SimdScratch;
  readonly #passes: SimdPasses;
  /** A view on the count of hits. */
  readonly #hits: Int32Array;
  readonly #classPanels: number;

  constructor(options: SimdEngineOptions, kernels: SimdKernels) {
    const { spec, layout, memory, scratch } = options;
    this.#options = options;
    this.#kernels = kernels;
    this.#scratch = simdScratch(spec, options.maxBatch, options.maxLength, scratch.byteOffset);
    this.#passes = new SimdPasses(spec, layout, kernels, this.#scratch, memory);
    this.#hits = new Int32Array(memory.buffer, this.#scratch.hits, 1);
    this.#classPanels = padded(spec.classes) / 8;
    // The padding of packed weights is 0, that of the logits' bias -Infinity.
    kernels.zero(scratch.byteOffset, simdScratchBytes(spec, options.maxBatch, options.maxLength));
    new Float32Array(memory.buffer, this.#scratch.denseBias, padded(spec.classes)).fill(-Infinity);
  }

  gradients(weights: Float32Array, batch: Batch, out: Float32Array): BatchMetrics {
    return this.#gradients(weights, batch, out, false);
  }

  sparseGradients(weights: Float32Array, batch: Batch, out: Float32Array): SparseMetrics {
    const metrics = this.#gradients(weights, batch, out, true);
    return { ...metrics, rows: this.#passes.rows };
  }

  #gradients(weights: Float32Array, batch: Batch, out: Float32Array, sparse: boolean): BatchMetrics {
    const target = this.#vector(out, "out");
    const labels = this.#labels(batch);
    this.#prepare(weights, batch);
    this.#passes.beginGradients(weights.byteOffset);
    const metrics = this.#loss(batch, labels, 1 / batch.size, (first, rows) => this.#passes.backward(first, rows));
    this.#passes.endGradients(target, sparse);
    return metrics;
  }

  squaredNorm(gradients: Float32Array, begin: number, end: number): number {
    const pointer = this.#vector(gradients, "gradients");
    let sum = 0;
    for (const tensor of this.#options.layout.tensors) {
      const first = Math.max(tensor.offset, begin);
      const count = Math.min(tensor.offset + tensor.size, end) - first;
      if (count > 0) sum += tensor.multiplicity * this.#kernels.squaredNorm(pointer + 4 * first, count);
    }
    return sum;
  }

  squaredNormRows(gradients: Float32Array, rows: Int32Array): number {
    const pointer = this.#vector(gradients, "gradients");
    const { embedding } = this.#options.spec;
    return this.#kernels.squaredNormRows(pointer, this.#rows(rows), rows.length, embedding);
  }

  update(from: Replica, gradients: Float32Array, into: Replica, options: UpdateOptions): void {
    const pointers = this.#adamPointers(from, gradients, into);
    for (const tensor of this.#options.layout.tensors) {
      const first = Math.max(tensor.offset, options.begin);
      const count = Math.min(tensor.offset + tensor.size, options.end) - first;
      if (count <= 0) continue;
      const [w, m, v, gradient, intoW, intoM, intoV] = pointers;
      const shift = 4 * first;
      this.#kernels.adam(
        w + shift,
        m + shift,
        v + shift,
        gradient + shift,
        intoW + shift,
        intoM + shift,
        intoV + shift,
        count,
        ...this.#adamNumbers(options, tensor.multiplicity),
      );
    }
  }

  updateRows(from: Replica, gradients: Float32Array, into: Replica, rows: Int32Array, options: RowsUpdate): void {
    const pointers = this.#adamPointers(from, gradients, into);
    const { embedding } = this.#options.spec;
    const numbers = this.#adamNumbers(options, 1);
    this.#kernels.adamRows(...pointers, this.#rows(rows), rows.length, embedding, ...numbers);
  }

  predict(weights: Float32Array, batch: Batch): Float32Array {
    const { spec: { classes }, memory } = this.#options;
    const { logits, probabilities, spare } = this.#scratch;
    const result = new Float32Array(batch.size * classes);
    this.#prepare(weights, batch);
    this.#eachChunk(batch, (first, rows) => {
      this.#kernels.softmax(logits, rows, this.#classPanels, classes, probabilities, spare);
      result.set(new Float32Array(memory.buffer, probabilities, rows * classes), first * classes);
    });
    return result;
  }

  evaluate(weights: Float32Array, batch: Batch): BatchMetrics {
    const labels = this.#labels(batch);
    this.#prepare(weights, batch);
    return this.#loss(batch, labels, 1);
  }

  average({ begin, end, drift, ...options }: AverageOptions): number {
    const { vectorPointers, coefficients, stack } = this.#scratch;
    const target = this.#placeAverage(options, begin, end);
    const flag = drift ? 1 : 0;
    const shards = options.vectors.length;
    return this.#kernels.average(vectorPointers, coefficients, shards, target, end - begin, stack, flag);
  }

  averageRows({ rows, drift, ...options }: AverageRowsOptions): number {
    const { vectorPointers, coefficients, stack } = this.#scratch;
    const { layout, spec } = this.#options;
    const target = this.#placeAverage(options, 0, layout.size);
    const list = this.#rows(rows), shards = options.vectors.length, flag = drift ? 1 : 0;
    const width = spec.embedding;
    return this.#kernels.averageRows(
      vectorPointers,
      coefficients,
      shards,
      target,
      list,
      rows.length,
      width,
      stack,
      flag,
    );
  }

  /** Nothing to give back: the memory is the caller's. */
  dispose(): void {}

  /** The batch's forward pass and its sums; after each chunk's forward pass, logits are their gradients for `then`. */
  #loss(batch: Batch, labels: number, scale: number, then?: (first: number, rows: number) => void): BatchMetrics {
    const { logits, hits, spare } = this.#scratch;
    let lossSum = 0;
    this.#hits[0] = 0;
    this.#eachChunk(batch, (first, rows) => {
      const label = labels + 4 * first;
      lossSum += this.#kernels.softmaxCrossEntropy(logits, rows, this.#classPanels, label, scale, hits, spare);
      then?.(first, rows);
    });
    return { lossSum, correct: this.#hits[0]! };
  }

  /** Forward, chunk after chunk; `use` finds the chunk's logits in scratch. */
  #eachChunk(batch: Batch, use: (first: number, rows: number) => void): void {
    const chunk = chunkRows(this.#options.spec.hidden, batch.size, batch.length);
    for (let first = 0; first < batch.size; first += chunk) {
      const rows = Math.min(chunk, batch.size - first);
      this.#passes.forward(first, rows);
      use(first, rows);
    }
  }

  #prepare(weights: Float32Array, batch: Batch): void {
    const { spec, maxBatch, maxLength } = this.#options;
    const source = this.#vector(weights, "weights");
    const { size, length } = batch;
    if (size > maxBatch || length > maxLength || length < 1) {
      throw new RangeError(
        `The batch is ${size} × ${length}: expected at most ${maxBatch} × ${maxLength}, and a length of at least 1`,
      );
    }
    const tokens = this.#pointer(batch.tokens, "batch.tokens", size * length);
    const index = -1 - this.#passes.prepare(source, tokens, size, length);
    if (index >= 0) {
      throw new RangeError(`batch.tokens[${index}] is ${batch.tokens[index]}: expected 0 to ${spec.vocabulary - 1}`);
    }
  }

  /** Puts pointers to element `begin` of each vector and the coefficients in scratch; returns the target's pointer. */
  #placeAverage({ vectors, coefficients, into }: Omit<Averaged, "drift">, begin: number, end: number): number {
    if (vectors.length > MAX_SHARDS) {
      throw new RangeError(`Cannot average ${vectors.length} vectors: at most ${MAX_SHARDS}`);
    }
    const { buffer } = this.#options.memory;
    const pointers = new Int32Array(buffer, this.#scratch.vectorPointers, vectors.length);
    const values = new Float32Array(buffer, this.#scratch.coefficients, vectors.length);
    for (const [shard, vector] of vectors.entries()) {
      pointers[shard] = this.#pointer(vector, `vectors[${shard}]`, end) + 4 * begin;
      values[shard] = coefficients[shard]!;
    }
    return this.#pointer(into, "into", end) + 4 * begin;
  }

  #adamPointers(from: Replica, gradients: Float32Array, into: Replica) {
    return [
      this.#vector(from.weights, "from.weights"),
      this.#vector(from.m, "from.m"),
      this.#vector(from.v, "from.v"),
      this.#vector(gradients, "gradients"),
      this.#vector(into.weights, "into.weights"),
      this.#vector(into.m, "into.m"),
      this.#vector(into.v, "into.v"),
    ] as const;
  }

  #adamNumbers({ step, scale, learningRate }: RowsUpdate, multiplicity: number) {
    const { beta1, beta2, epsilon } = this.#options.adam;
    const rate = multiplicity * learningRate / (1 - beta1 ** step);
    const rootCorrection = 1 / Math.sqrt(1 - beta2 ** step);
    return [scale, 1 - beta1, beta2, 1 - beta2, rate, rootCorrection, epsilon, this.#scratch.spare] as const;
  }

  /** The pointer to a list of embedding rows, each seen to be a token. */
  #rows(rows: Int32Array): number {
    const { vocabulary } = this.#options.spec;
    for (const row of rows) {
      if (row < 0 || row >= vocabulary) throw new RangeError(`Row ${row}: expected 0 to ${vocabulary - 1}`);
    }
    return this.#pointer(rows, "rows", rows.length);
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
