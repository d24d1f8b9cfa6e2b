/**
 * This layer runs a training step in fused kernels over one shared memory, and copies only the operands of products. The
 * kernels are WebAssembly, or native twins of these (`native/`). It contains no mathematics: that is in kernels/assembly,
 * whose bindings are `bindings.gen.ts`. Start with `passes.ts`, which orders the kernels of a step, and
 * `memory/scratch.ts`, the map of their data; this file and `forward.ts` check arguments and call the others.
 */
import type { Batch, BatchMetrics } from "../../data/batches/batch.ts";
import { lossWeight } from "../../data/batches/class_weights.ts";
import type {
  AverageOptions,
  AverageRowsOptions,
  Engine,
  EngineOptions,
  EngineRoom,
  FindRowsOptions,
  MeanUpdateOptions,
  Replica,
  RowsFound,
  UpdateOptions,
} from "../contract.ts";
import { checkLabels } from "../labels.ts";
import { LINE_BYTES } from "../regions.ts";
import { SimdAverager } from "./averager.ts";
import { SimdMasks } from "./masks.ts";
import type { SimdKernels } from "./bindings.gen.ts";
import { bindKernels } from "./kernels.ts";
import { SimdOptimizer } from "./optimizer.ts";
import { SimdForward } from "./forward.ts";
import { type SimdPointers, SimdShardLists } from "./memory/pointers.ts";
import { type SimdScratch, simdScratch, simdScratchBytes } from "./memory/scratch.ts";
import { SharedSums } from "./work_sharing.ts";

export type SimdEngineOptions = Omit<EngineOptions, "engine" | "backend"> & EngineRoom;

/**
 * Creates a simd engine. Throws a RangeError if the scratch memory is too small or not aligned, and an UnfitLibrary if its
 * native kernels do not fit.
 */
export function createSimdEngine(options: SimdEngineOptions): Engine {
  const { spec, memory, scratch, maxBatch, maxLength, maxVectors, native } = options;
  const needed = simdScratchBytes(spec, maxBatch, maxLength, maxVectors);
  if (scratch.byteLength < needed || scratch.byteOffset % LINE_BYTES !== 0) {
    throw new RangeError(
      `The scratch memory has ${scratch.byteLength} bytes at ${scratch.byteOffset}: expected ${needed} at a multiple of ${LINE_BYTES}`,
    );
  }
  const at = simdScratch(spec, maxBatch, maxLength, scratch.byteOffset, maxVectors);
  return new FusedEngine(options, bindKernels(memory, at.struct, native), at);
}

interface LabelPointers {
  readonly labels: number;
  /** Undefined where each row has one label. */
  readonly offsets: number | undefined;
}

class FusedEngine implements Engine {
  readonly name: string;
  readonly #options: SimdEngineOptions;
  readonly #kernels: SimdKernels;
  readonly #sums: SharedSums;
  readonly #forward: SimdForward;
  readonly #optimizer: SimdOptimizer;
  readonly #averager: SimdAverager;
  readonly #pointers: SimdPointers;
  readonly #masks: SimdMasks | undefined;

  constructor(options: SimdEngineOptions, kernels: SimdKernels, at: SimdScratch) {
    const { spec, layout, adam, dropout, classWeights, memory, scratch, others, helpers } = options;
    this.name = `simd/${options.native?.set ?? "wasm"}`;
    this.#options = options;
    this.#kernels = kernels;
    const offers = others?.map(({ byteOffset }) => byteOffset + at.offer - scratch.byteOffset);
    this.#sums = new SharedSums(kernels, spec, memory, at.offer, offers, helpers);
    this.#forward = new SimdForward(options, kernels, at, this.#sums);
    this.#pointers = this.#forward.pointers;
    if (classWeights) new Float32Array(memory.buffer, at.classWeights, spec.classes).set(classWeights);
    if (dropout && dropout.rate > 0) this.#masks = new SimdMasks(memory, at.masks, dropout);
    const lists = new SimdShardLists(at, memory, this.#pointers);
    this.#optimizer = new SimdOptimizer(kernels, layout, adam, at, memory, lists);
    this.#averager = new SimdAverager(kernels, layout, at, memory, this.#pointers, lists);
  }

  hold(weights?: Float32Array): void {
    this.#forward.hold(weights);
  }

  gradients(weights: Float32Array, batch: Batch, out: Float32Array, draw: number): BatchMetrics {
    const target = this.#pointers.ofVector(out, "out");
    const labels = this.#labels(batch);
    this.#masks?.select(draw);
    const { passes } = this.#forward;
    this.#forward.prepare(weights, batch, this.#masks);
    passes.beginBackward(weights.byteOffset);
    const { classWeights, embeddingRows } = this.#options;
    const total = lossWeight(batch, classWeights);
    const weighted = classWeights ? passes.scratch.classWeights : 0;
    const metrics = this.#forward.eachChunk(batch, (first, rows, chunksLeft) => {
      const lossSum = this.#crossEntropy(labels, first, rows, 1 / total, weighted);
      passes.backward(chunksLeft);
      return lossSum;
    });
    passes.endBackward(target, embeddingRows === "lazy");
    return metrics;
  }

  rows(): Int32Array {
    return this.#forward.vectors.rows();
  }

  squaredNorm(gradients: Float32Array, begin: number, end: number, rows?: Int32Array): number {
    return this.#optimizer.squaredNorm(this.#pointers.ofVector(gradients, "gradients"), begin, end, rows);
  }

  update(from: Replica, gradients: Float32Array, into: Replica, options: UpdateOptions): void {
    const gradient = this.#pointers.ofVector(gradients, "gradients");
    this.#optimizer.update(
      this.#pointers.ofReplica(from, "from"),
      gradient,
      this.#pointers.ofReplica(into, "into"),
      options,
    );
  }

  updateMean(from: Replica, gradients: readonly Float32Array[], into: Replica, options: MeanUpdateOptions): void {
    const source = this.#pointers.ofReplica(from, "from");
    this.#optimizer.updateMean(source, gradients, this.#pointers.ofReplica(into, "into"), options);
  }

  predict(weights: Float32Array, batch: Batch): Float32Array {
    return this.#forward.predict(weights, batch);
  }

  evaluate(weights: Float32Array, batch: Batch): BatchMetrics {
    const labels = this.#labels(batch);
    this.#forward.prepare(weights, batch, undefined);
    return this.#forward.eachChunk(batch, (first, rows) => this.#crossEntropy(labels, first, rows, 1, 0));
  }

  average(options: AverageOptions): number {
    return this.#averager.average(options);
  }

  averageRows(options: AverageRowsOptions): number {
    return this.#averager.averageRows(options);
  }

  copyRows(from: Float32Array, into: Float32Array, rows: Int32Array): void {
    this.#averager.copyRows(from, into, rows);
  }

  findRows(options: FindRowsOptions): RowsFound {
    return this.#averager.findRows(options);
  }

  help(): boolean {
    return this.#sums.help();
  }

  /**
   * Returns the loss of the logits in scratch, those of the rows from `first` on, and replaces them by their gradient, times
   * `scale` and the class `weights`.
   */
  #crossEntropy(
    { labels, offsets }: LabelPointers,
    first: number,
    rows: number,
    scale: number,
    weights: number,
  ): number {
    const { scratch: at, head: { classPanels } } = this.#forward.passes;
    const { logits, spare } = at, skipped = 4 * first;
    return offsets === undefined
      ? this.#kernels.softmaxCrossEntropy(logits, rows, classPanels, labels + skipped, scale, weights, spare, spare + 4)
      : this.#kernels.sigmoidCrossEntropy(logits, rows, classPanels, labels, offsets + skipped, scale, spare);
  }

  /** Returns the pointers to a batch's labels after checking that each is a class. */
  #labels(batch: Batch): LabelPointers {
    checkLabels(batch, this.#options.spec);
    const { labels, labelOffsets, size } = batch;
    const pointer = this.#pointers.of(labels, "batch.labels", labelOffsets ? labelOffsets[size]! : size);
    return {
      labels: pointer,
      offsets: labelOffsets && this.#pointers.of(labelOffsets, "batch.labelOffsets", size + 1),
    };
  }
}
