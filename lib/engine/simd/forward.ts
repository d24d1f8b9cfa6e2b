/** Runs the forward pass over batches: all that predictions need. */
import type { Batch, BatchMetrics } from "../../data/batches/batch.ts";
import type { ParameterLayout } from "../../model/layout.ts";
import type { ModelSpec } from "../../model/spec.ts";
import type { SimdKernels } from "./bindings.gen.ts";
import type { SimdMasks } from "./masks.ts";
import { SimdPointers } from "./memory/pointers.ts";
import { type SimdScratch, simdScratchBytes } from "./memory/scratch.ts";
import { chunkRows, padded } from "./memory/shapes.ts";
import { SimdPasses } from "./passes.ts";
import { SimdVectors } from "./vectors.ts";
import type { Sums } from "./work_sharing.ts";

interface ForwardOptions {
  readonly spec: ModelSpec;
  readonly layout: ParameterLayout;
  readonly memory: WebAssembly.Memory;
  readonly scratch: { readonly byteOffset: number };
  readonly maxBatch: number;
  readonly maxLength: number;
  readonly maxVectors?: number | undefined;
}

export class SimdForward {
  readonly pointers: SimdPointers;
  readonly vectors: SimdVectors;
  readonly passes: SimdPasses;
  readonly #options: ForwardOptions;
  readonly #kernels: SimdKernels;
  /** Views the word at `spare`: the count of hits. */
  readonly #hits: Int32Array;

  /** `sums` are those of the gradients. */
  constructor(options: ForwardOptions, kernels: SimdKernels, at: SimdScratch, sums: Sums) {
    const { spec, layout, memory, scratch, maxBatch, maxLength, maxVectors } = options;
    this.#options = options;
    this.#kernels = kernels;
    // Packed weights are padded with 0, the bias of the logits with -Infinity.
    kernels.zero(scratch.byteOffset, simdScratchBytes(spec, maxBatch, maxLength, maxVectors));
    new Float32Array(memory.buffer, at.denseBias, padded(spec.classes)).fill(-Infinity);
    this.pointers = new SimdPointers(memory, layout);
    this.vectors = new SimdVectors(kernels, layout, at, memory, this.pointers, maxVectors ?? 0);
    this.passes = new SimdPasses(kernels, spec, layout, at, memory, maxBatch, sums, this.vectors);
    this.#hits = new Int32Array(memory.buffer, at.spare, 1);
  }

  /** See Engine.hold. */
  hold(weights?: Float32Array): void {
    this.passes.hold(weights && this.pointers.ofVector(weights, "weights"));
  }

  /** See Engine.predict. */
  predict(weights: Float32Array, batch: Batch): Float32Array {
    const { spec: { classes, labels }, memory } = this.#options;
    const isMany = labels === "many";
    const { scratch: at, head: { classPanels } } = this.passes;
    const probabilities = new Float32Array(batch.size * classes);
    this.prepare(weights, batch, undefined);
    this.eachChunk(batch, (first, rows) => {
      if (isMany) this.#kernels.sigmoids(at.logits, rows, classPanels, classes, at.probabilities);
      else this.#kernels.softmax(at.logits, rows, classPanels, classes, at.probabilities, at.spare);
      probabilities.set(new Float32Array(memory.buffer, at.probabilities, rows * classes), first * classes);
      return 0;
    });
    return probabilities;
  }

  /** Checks the arguments, packs the weights and projects the batch's distinct tokens. */
  prepare(weights: Float32Array, batch: Batch, masks: SimdMasks | undefined): void {
    const { maxBatch, maxLength } = this.#options;
    const source = this.pointers.ofVector(weights, "weights");
    if (batch.size > maxBatch || batch.length > maxLength || batch.length < 1) {
      throw new RangeError(
        `The batch is ${batch.size} × ${batch.length}: expected at most ${maxBatch} × ${maxLength}, and a length of at least 1`,
      );
    }
    const tokens = this.pointers.of(batch.tokens, "batch.tokens", batch.size * batch.length);
    this.passes.prepare(source, tokens, batch, masks);
  }

  /**
   * Computes the logits of the batch chunk by chunk and calls `use`, which reads a chunk's logits from scratch, counts its
   * hits and returns its loss.
   */
  eachChunk(batch: Batch, use: (first: number, rows: number, chunksLeft: number) => number): BatchMetrics {
    let lossSum = 0;
    this.#hits[0] = 0;
    const chunk = chunkRows(this.#options.spec, batch.size, batch.length);
    for (let first = 0; first < batch.size; first += chunk) {
      const rows = Math.min(chunk, batch.size - first);
      this.passes.forward(first, rows, batch.length);
      lossSum += use(first, rows, Math.ceil((batch.size - first - rows) / chunk));
    }
    return { lossSum, correct: this.#hits[0]! };
  }
}
