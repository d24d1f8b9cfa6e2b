/**
 * The passes of a step over the simd engine's scratch memory: packing, forward, backward. Everything is a byte offset
 * here; what the offsets are of has been checked before.
 */
import type { Batch } from "../data/batch.ts";
import { embeddingEnd, type ParameterLayout, tensorNamed } from "../model/layout.ts";
import type { ModelSpec } from "../model/spec.ts";
import type { SimdKernels } from "./simd_kernels.ts";
import { padded, rowStride, seriesBytes, type SimdScratch } from "./simd_scratch.ts";

/** Byte offsets of the six tensors in a flat vector. */
interface TensorOffsets {
  readonly embeddings: number;
  readonly inputKernel: number;
  readonly recurrentKernel: number;
  readonly bias: number;
  readonly denseKernel: number;
  readonly denseBias: number;
}

export class SimdPasses {
  readonly scratch: SimdScratch;
  /** Panels of the classes. */
  readonly classPanels: number;
  readonly #kernels: SimdKernels;
  readonly #spec: ModelSpec;
  readonly #layout: ParameterLayout;
  readonly #tensors: TensorOffsets;
  /** Panels of one gate. */
  readonly #panels: number;

  constructor(kernels: SimdKernels, spec: ModelSpec, layout: ParameterLayout, scratch: SimdScratch) {
    this.scratch = scratch;
    this.classPanels = padded(spec.classes) / 8;
    this.#kernels = kernels;
    this.#spec = spec;
    this.#layout = layout;
    this.#panels = padded(spec.hidden) / 8;
    const offset = (name: string) => 4 * tensorNamed(layout, name).offset;
    this.#tensors = {
      embeddings: offset("embedding/embeddings"),
      inputKernel: offset("lstm/kernel"),
      recurrentKernel: offset("lstm/recurrent_kernel"),
      bias: offset("lstm/bias"),
      denseKernel: offset("dense/kernel"),
      denseBias: offset("dense/bias"),
    };
  }

  /**
   * Packs the weights at `source` and projects the distinct tokens of `batch`, whose tokens are at `tokens`; returns how many
   * these are. Throws a RangeError for a token that is none.
   */
  prepare(source: number, tokens: number, batch: Batch): number {
    const kernels = this.#kernels, at = this.scratch, tensors = this.#tensors;
    const { vocabulary, embedding, hidden, classes } = this.#spec;
    const count = batch.size * batch.length;
    const distinct = kernels.distinctTokens(tokens, count, vocabulary, at.slotOfToken, at.tokenOfSlot, at.slots);
    if (distinct < 0) {
      const token = batch.tokens[-1 - distinct];
      throw new RangeError(`batch.tokens[${-1 - distinct}] is ${token}: expected 0 to ${vocabulary - 1}`);
    }
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

  /** Packs what only the backward pass needs of the weights at `source`, and zeroes the sums over chunks. */
  beginBackward(weights: number, distinct: number): void {
    const at = this.scratch;
    this.#packTransposes(weights);
    this.#kernels.zero(at.tokenGates, 32 * 4 * this.#panels * distinct);
    this.#kernels.zero(at.inputKernelGradient, at.slotOfToken - at.inputKernelGradient);
  }

  /** The transposes that only the backward pass needs. */
  #packTransposes(weights: number): void {
    const { embedding, hidden, classes } = this.#spec;
    const kernels = this.#kernels, at = this.scratch, tensors = this.#tensors;
    kernels.packRows(weights + tensors.inputKernel, embedding, 4, hidden, at.inputKernelT);
    kernels.packRows(weights + tensors.recurrentKernel, hidden, 4, hidden, at.recurrentKernelT);
    kernels.packRows(weights + tensors.denseKernel, hidden, 1, classes, at.denseKernelT);
  }

  /** From slots to logits. */
  forward(rows: number, length: number, slots: number, distinct: number): void {
    const at = this.scratch, panels = this.#panels;
    const { hidden } = this.#spec;
    this.#kernels.lstmForward(
      rows,
      length,
      panels,
      seriesBytes(rows, length),
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
    this.#kernels.affine(last, rows, 8 * panels, at.denseKernel, at.denseBias, this.classPanels, at.logits);
  }

  /** From the gradient of the logits to the gradients of kernels and of gates, the latter summed by token. */
  backward(rows: number, length: number, slots: number, distinct: number): void {
    const kernels = this.#kernels, at = this.scratch, panels = this.#panels, classPanels = this.classPanels;
    const { hidden } = this.#spec;
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
      seriesBytes(rows, length),
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
      seriesBytes(rows, length),
      rows * (length - 1),
      at.recurrentKernelGradient,
      hidden,
      4 * panels,
    );
    kernels.sumByToken(at.gates, seriesBytes(rows, length), 4 * panels, rows, length, slots, at.tokenGates, distinct);
  }

  /** From the sums over chunks to the whole gradient, at `target`; `lazy` leaves the rows of other tokens as they are. */
  endBackward(distinct: number, target: number, lazy: boolean): void {
    const kernels = this.#kernels, at = this.scratch, tensors = this.#tensors;
    const { embedding, hidden, classes } = this.#spec;
    const gatePanels = 4 * this.#panels;
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

    const kept = lazy ? embeddingEnd(this.#layout) : 0;
    kernels.zero(target + 4 * kept, 4 * (this.#layout.size - kept));
    kernels.scatterRows(at.vectorPanels, distinct, at.tokenOfSlot, target + tensors.embeddings, embedding);
    kernels.unpackColumns(at.inputKernelGradient, embedding, target + tensors.inputKernel, embedding, 4, hidden);
    kernels.unpackColumns(at.recurrentKernelGradient, hidden, target + tensors.recurrentKernel, hidden, 4, hidden);
    kernels.unpackColumns(at.biasGradient, 1, target + tensors.bias, 1, 4, hidden);
    kernels.unpackColumns(at.denseKernelGradient, hidden, target + tensors.denseKernel, hidden, 1, classes);
    kernels.unpackColumns(at.denseBiasGradient, 1, target + tensors.denseBias, 1, 1, classes);
  }
}
