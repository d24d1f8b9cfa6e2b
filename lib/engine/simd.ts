/**
 * The simd engine: a training step in fused WebAssembly kernels over one shared memory, without copies.
 *
 * It does less than the textbook's step. A token's product with the input kernel is computed once per distinct token of
 * the batch, and so are its gradients, from gate gradients summed by token; the first time step has no recurrent product;
 * only the last hidden state meets the dense layer.
 */
import type { Batch, BatchMetrics } from "../data/batch.ts";
import { embeddingEnd, type ParameterLayout, tensorNamed } from "../model/layout.ts";
import type { ModelSpec } from "../model/spec.ts";
import { type AdamConstants, visitRanges } from "./adam.ts";
import type { AverageOptions, EmbeddingRows, Engine, Replica, UpdateOptions } from "./contract.ts";
import type { DropoutOptions } from "./dropout.ts";
import { bindKernels, type SimdKernels } from "./simd_kernels.ts";
import {
  chunkRows,
  MAX_SHARDS,
  padded,
  rowStride,
  type SimdScratch,
  simdScratch,
  simdScratchBytes,
} from "./simd_scratch.ts";
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

/** Byte offsets of the six tensors in a flat vector. */
interface TensorOffsets {
  readonly embeddings: number;
  readonly inputKernel: number;
  readonly recurrentKernel: number;
  readonly bias: number;
  readonly denseKernel: number;
  readonly denseBias: number;
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
  readonly #scratch: SimdScratch;
  readonly #tensors: TensorOffsets;
  /** A view on the words at `spare`: the count of hits. */
  readonly #hits: Int32Array;
  /** What is averaged, as the kernel takes it. */
  readonly #vectorPointers: Int32Array;
  readonly #coefficients: Float32Array;
  /** Panels of one gate. */
  readonly #panels: number;
  readonly #classPanels: number;
  #distinct = 0;

  constructor(options: SimdEngineOptions, kernels: SimdKernels) {
    const { spec, layout, memory, scratch } = options;
    this.#options = options;
    this.#kernels = kernels;
    this.#scratch = simdScratch(spec, options.maxBatch, options.maxLength, scratch.byteOffset);
    this.#panels = padded(spec.hidden) / 8;
    this.#classPanels = padded(spec.classes) / 8;
    this.#hits = new Int32Array(memory.buffer, this.#scratch.spare, 1);
    this.#vectorPointers = new Int32Array(memory.buffer, this.#scratch.vectorPointers, MAX_SHARDS);
    this.#coefficients = new Float32Array(memory.buffer, this.#scratch.coefficients, MAX_SHARDS);
    const offset = (name: string) => 4 * tensorNamed(layout, name).offset;
    this.#tensors = {
      embeddings: offset("embedding/embeddings"),
      inputKernel: offset("lstm/kernel"),
      recurrentKernel: offset("lstm/recurrent_kernel"),
      bias: offset("lstm/bias"),
      denseKernel: offset("dense/kernel"),
      denseBias: offset("dense/bias"),
    };
    // The padding of packed weights is 0, that of the logits' bias -Infinity.
    kernels.zero(scratch.byteOffset, simdScratchBytes(spec, options.maxBatch, options.maxLength));
    new Float32Array(memory.buffer, this.#scratch.denseBias, padded(spec.classes)).fill(-Infinity);
  }

  gradients(weights: Float32Array, batch: Batch, out: Float32Array, _draw: number): BatchMetrics {
    const kernels = this.#kernels, at = this.#scratch, tensors = this.#tensors, panels = this.#panels;
    const { embedding, hidden, classes } = this.#options.spec;
    const target = this.#vector(out, "out");
    const labels = this.#labels(batch);
    const distinct = this.#prepare(weights, batch);
    const gatePanels = 4 * panels;
    this.#packTransposes(weights.byteOffset);
    kernels.zero(at.tokenGates, 32 * gatePanels * distinct);
    kernels.zero(at.inputKernelGradient, at.slotOfToken - at.inputKernelGradient);

    let lossSum = 0;
    this.#hits[0] = 0;
    const chunk = chunkRows(batch.size);
    for (let first = 0; first < batch.size; first += chunk) {
      const rows = Math.min(chunk, batch.size - first);
      const slots = at.slots + 4 * first * batch.length;
      this.#forward(rows, batch.length, slots, distinct);
      lossSum += kernels.softmaxCrossEntropy(
        at.logits,
        rows,
        this.#classPanels,
        labels + 4 * first,
        1 / batch.size,
        at.spare,
        at.spare + 4,
      );
      this.#backward(rows, batch.length, slots, distinct);
    }

    // The input's side, from gate gradients summed by token.
    const stride = 32 * distinct;
    const vectorPanels = padded(embedding) / 8;
    kernels.accumulateProducts(
      at.vectors,
      rowStride(embedding),
      at.tokenGates,
      stride,
      distinct,
      at.inputKernelGradient,
      embedding,
      gatePanels,
    );
    kernels.columnSums(at.tokenGates, gatePanels, distinct, at.biasGradient);
    kernels.affine(at.tokenGates, distinct, 8 * gatePanels, at.inputKernelT, at.zeros, vectorPanels, at.vectorPanels);

    const { layout, embeddingRows } = this.#options;
    const kept = embeddingRows === "lazy" ? embeddingEnd(layout) : 0;
    kernels.zero(target + 4 * kept, 4 * (layout.size - kept));
    kernels.scatterRows(at.vectorPanels, distinct, at.tokenOfSlot, target + tensors.embeddings, embedding);
    kernels.unpackColumns(at.inputKernelGradient, embedding, target + tensors.inputKernel, embedding, 4, hidden);
    kernels.unpackColumns(at.recurrentKernelGradient, hidden, target + tensors.recurrentKernel, hidden, 4, hidden);
    kernels.unpackColumns(at.biasGradient, 1, target + tensors.bias, 1, 4, hidden);
    kernels.unpackColumns(at.denseKernelGradient, hidden, target + tensors.denseKernel, hidden, 1, classes);
    kernels.unpackColumns(at.denseBiasGradient, 1, target + tensors.denseBias, 1, 1, classes);
    return { lossSum, correct: this.#hits[0]! };
  }

  rows(): Int32Array {
    return new Int32Array(this.#options.memory.buffer, this.#scratch.tokenOfSlot, this.#distinct);
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
        this.#scratch.spare,
      );
    });
  }

  predict(weights: Float32Array, batch: Batch): Float32Array {
    const { classes } = this.#options.spec;
    const { memory } = this.#options;
    const at = this.#scratch;
    const probabilities = new Float32Array(batch.size * classes);
    this.#eachChunk(weights, batch, (first, rows) => {
      this.#kernels.softmax(at.logits, rows, this.#classPanels, classes, at.probabilities, at.spare);
      probabilities.set(new Float32Array(memory.buffer, at.probabilities, rows * classes), first * classes);
    });
    return probabilities;
  }

  evaluate(weights: Float32Array, batch: Batch): BatchMetrics {
    const at = this.#scratch;
    const labels = this.#labels(batch);
    let lossSum = 0;
    this.#hits[0] = 0;
    this.#eachChunk(weights, batch, (first, rows) => {
      const label = labels + 4 * first;
      lossSum += this.#kernels.softmaxCrossEntropy(
        at.logits,
        rows,
        this.#classPanels,
        label,
        1,
        at.spare,
        at.spare + 4,
      );
    });
    return { lossSum, correct: this.#hits[0]! };
  }

  average({ vectors, coefficients, into, begin, end, drift }: AverageOptions): number {
    if (vectors.length > MAX_SHARDS) {
      throw new RangeError(`Cannot average ${vectors.length} vectors: at most ${MAX_SHARDS}`);
    }
    const { vectorPointers, coefficients: factors, stack } = this.#scratch;
    for (let shard = 0; shard < vectors.length; shard++) {
      this.#vectorPointers[shard] = this.#pointer(vectors[shard]!, "vectors", end) + 4 * begin;
      this.#coefficients[shard] = coefficients[shard]!;
    }
    const target = this.#pointer(into, "into", end) + 4 * begin;
    const flag = drift ? 1 : 0;
    return this.#kernels.average(vectorPointers, factors, vectors.length, target, end - begin, stack, flag);
  }

  /** Nothing to give back: the memory is the caller's. */
  dispose(): void {}

  /** Forward of the whole batch, chunk after chunk; `use` finds the chunk's logits in scratch. */
  #eachChunk(weights: Float32Array, batch: Batch, use: (first: number, rows: number) => void): void {
    const distinct = this.#prepare(weights, batch);
    const chunk = chunkRows(batch.size);
    for (let first = 0; first < batch.size; first += chunk) {
      const rows = Math.min(chunk, batch.size - first);
      this.#forward(rows, batch.length, this.#scratch.slots + 4 * first * batch.length, distinct);
      use(first, rows);
    }
  }

  /** Packs weights and projects the batch's distinct tokens; returns how many these are. */
  #prepare(weights: Float32Array, batch: Batch): number {
    const { spec, maxBatch, maxLength } = this.#options;
    const kernels = this.#kernels, at = this.#scratch, tensors = this.#tensors;
    const { vocabulary, embedding, hidden, classes } = spec;
    const source = this.#vector(weights, "weights");
    if (batch.size > maxBatch || batch.length > maxLength || batch.length < 1) {
      throw new RangeError(
        `The batch is ${batch.size} × ${batch.length}: expected at most ${maxBatch} × ${maxLength}, and a length of at least 1`,
      );
    }
    requireFullRows(batch);
    const tokens = this.#pointer(batch.tokens, "batch.tokens", batch.size * batch.length);
    const count = batch.size * batch.length;
    const distinct = kernels.distinctTokens(tokens, count, vocabulary, at.slotOfToken, at.tokenOfSlot, at.slots);
    if (distinct < 0) {
      const token = batch.tokens[-1 - distinct];
      throw new RangeError(`batch.tokens[${-1 - distinct}] is ${token}: expected 0 to ${vocabulary - 1}`);
    }
    this.#distinct = distinct;
    const e8 = padded(embedding), h8 = padded(hidden);
    kernels.packColumns(source + tensors.inputKernel, embedding, 4, hidden, at.inputKernel, e8);
    kernels.packColumns(source + tensors.recurrentKernel, hidden, 4, hidden, at.recurrentKernel, h8);
    kernels.packColumns(source + tensors.bias, 1, 4, hidden, at.bias, 1);
    kernels.packColumns(source + tensors.denseKernel, hidden, 1, classes, at.denseKernel, h8);
    kernels.packColumns(source + tensors.denseBias, 1, 1, classes, at.denseBias, 1);
    const stride = rowStride(embedding);
    const embeddings = source + tensors.embeddings;
    kernels.gatherRows(embeddings, embedding, at.tokenOfSlot, distinct, at.vectors, stride, at.vectorPanels);
    kernels.affine(at.vectorPanels, distinct, e8, at.inputKernel, at.bias, 4 * this.#panels, at.projected);
    return distinct;
  }

  /** The transposes that only the backward pass needs. */
  #packTransposes(weights: number): void {
    const { embedding, hidden, classes } = this.#options.spec;
    const kernels = this.#kernels, at = this.#scratch, tensors = this.#tensors;
    kernels.packRows(weights + tensors.inputKernel, embedding, 4, hidden, at.inputKernelT);
    kernels.packRows(weights + tensors.recurrentKernel, hidden, 4, hidden, at.recurrentKernelT);
    kernels.packRows(weights + tensors.denseKernel, hidden, 1, classes, at.denseKernelT);
  }

  /** From slots to logits. */
  #forward(rows: number, length: number, slots: number, distinct: number): void {
    const at = this.#scratch, panels = this.#panels;
    const { hidden } = this.#options.spec;
    this.#kernels.lstmForward(
      rows,
      length,
      panels,
      slots,
      at.projected,
      distinct,
      at.recurrentKernel,
      at.gates,
      at.cells,
      at.cellTanhs,
      at.states,
      rowStride(hidden),
      at.statePanels,
    );
    const last = at.statePanels + 32 * panels * rows * ((length - 1) & 1);
    this.#kernels.affine(last, rows, 8 * panels, at.denseKernel, at.denseBias, this.#classPanels, at.logits);
  }

  /** From the gradient of the logits to the gradients of kernels and of gates, the latter summed by token. */
  #backward(rows: number, length: number, slots: number, distinct: number): void {
    const kernels = this.#kernels, at = this.#scratch, panels = this.#panels, classPanels = this.#classPanels;
    const { hidden } = this.#options.spec;
    const stride = rowStride(hidden);
    const last = at.states + stride * rows * (length - 1);
    const logitStride = 32 * rows;
    kernels.accumulateProducts(
      last,
      stride,
      at.logits,
      logitStride,
      rows,
      at.denseKernelGradient,
      hidden,
      classPanels,
    );
    kernels.columnSums(at.logits, classPanels, rows, at.denseBiasGradient);
    kernels.affine(at.logits, rows, 8 * classPanels, at.denseKernelT, at.zeros, panels, at.stateGradient);
    kernels.lstmBackward(
      rows,
      length,
      panels,
      at.recurrentKernelT,
      at.zeros,
      at.gates,
      at.cells,
      at.cellTanhs,
      at.stateGradient,
      at.cellGradient,
    );
    // States of all steps but the last, against gate gradients of all steps but the first.
    kernels.accumulateProducts(
      at.states,
      stride,
      at.gates + 32 * rows,
      32 * rows * length,
      rows * (length - 1),
      at.recurrentKernelGradient,
      hidden,
      4 * panels,
    );
    kernels.sumByToken(at.gates, 4 * panels, rows, length, slots, at.tokenGates, distinct);
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
