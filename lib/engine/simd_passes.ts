/**
 * The passes of a step over the simd engine's scratch memory: packing, forward, backward. Everything is a byte offset
 * here; what the offsets are of has been checked before.
 *
 * It does less than the textbook's step. A token's product with the input kernel is computed once per distinct token of
 * the batch, and so are its gradients, from gate gradients summed by token. Step 0 is computed once per distinct first
 * token, and so is its state's product with the recurrent kernel. Only the last hidden state meets the dense layer.
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
  /** Distinct tokens of the batch that was prepared last, and those at step 0. */
  #distinct = 0;
  #firstCount = 0;

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
    this.#distinct = distinct;
    this.#firstForward(batch);
    return distinct;
  }

  #firstForward({ size, length }: Batch): void {
    const kernels = this.#kernels, at = this.scratch;
    this.#firstCount = kernels.distinctFirsts(at.slots, size, length, at.firstOfSlot, at.slotOfFirst, at.firsts);
    kernels.lstmFirst(
      this.#firstCount,
      this.#panels,
      at.slotOfFirst,
      at.projected,
      this.#distinct,
      at.recurrentKernel,
      at.zeros,
      at.firstGates,
      at.firstCells,
      at.firstCellTanhs,
      at.firstStates,
      rowStride(this.#spec.hidden),
      at.firstStatePanels,
      at.recurrentParts,
    );
  }

  /** Packs what only the backward pass needs of the weights at `source`, and zeroes the sums over chunks. */
  beginBackward(weights: number): void {
    const kernels = this.#kernels, at = this.scratch;
    const panelsBytes = 32 * this.#panels;
    this.#packTransposes(weights);
    kernels.zero(at.inputKernelGradient, at.slotOfToken - at.inputKernelGradient);
    kernels.zero(at.tokenGates, 4 * panelsBytes * this.#distinct);
    kernels.zero(at.firstGateSums, 4 * panelsBytes * this.#firstCount);
    kernels.zero(at.firstStateGradient, panelsBytes * this.#firstCount);
    kernels.zero(at.firstCellGradient, panelsBytes * this.#firstCount);
  }

  /** The transposes that only the backward pass needs. */
  #packTransposes(weights: number): void {
    const { embedding, hidden, classes } = this.#spec;
    const kernels = this.#kernels, at = this.scratch, tensors = this.#tensors;
    kernels.packRows(weights + tensors.inputKernel, embedding, 4, hidden, at.inputKernelT);
    kernels.packRows(weights + tensors.recurrentKernel, hidden, 4, hidden, at.recurrentKernelT);
    kernels.packRows(weights + tensors.denseKernel, hidden, 1, classes, at.denseKernelT);
  }

  /** From slots to the logits of rows `first` to `first + rows - 1`. */
  forward(first: number, rows: number, length: number): void {
    const at = this.scratch, panels = this.#panels;
    const { hidden } = this.#spec;
    this.#kernels.lstmForward(
      rows,
      length,
      panels,
      seriesBytes(rows, length),
      at.slots + 4 * first * length,
      at.projected,
      this.#distinct,
      at.recurrentKernel,
      at.firsts + 4 * first,
      this.#firstCount,
      at.firstCells,
      at.firstStatePanels,
      at.recurrentParts,
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

  /** From the gradient of the logits to those of kernels and of gates, the latter summed by token, down to step 1. */
  backward(first: number, rows: number, length: number): void {
    const kernels = this.#kernels, at = this.scratch, panels = this.#panels;
    const { hidden } = this.#spec;
    const stride = rowStride(hidden), series = seriesBytes(rows, length), rowBytes = 32 * rows;
    this.#denseBackward(at.states + stride * rows * (length - 1), rows);
    kernels.lstmBackward(
      rows,
      length,
      panels,
      series,
      at.recurrentKernelT,
      at.zeros,
      at.gates,
      at.cells,
      at.cellTanhs,
      at.stateGradient,
      at.cellGradient,
    );
    const firsts = at.firsts + 4 * first, firstCount = this.#firstCount;
    if (length === 1) {
      kernels.sumByToken(at.stateGradient, rowBytes, panels, rows, 1, firsts, 4, at.firstStateGradient, firstCount);
      return;
    }
    // States of steps 1 to length - 2 against gate gradients of the steps after; step 0's are summed by token first.
    const step1 = at.gates + rowBytes;
    kernels.accumulateProducts(
      at.states + stride * rows,
      stride,
      step1 + rowBytes,
      series,
      rows * (length - 2),
      at.recurrentKernelGradient,
      hidden,
      4 * panels,
    );
    kernels.sumByToken(step1, series, 4 * panels, rows, 1, firsts, 4, at.firstGateSums, firstCount);
    kernels.sumByToken(at.cellGradient, rowBytes, panels, rows, 1, firsts, 4, at.firstCellGradient, firstCount);
    const slots = at.slots + 4 * (first * length + 1), slotsStride = 4 * length;
    const distinct = this.#distinct;
    kernels.sumByToken(step1, series, 4 * panels, rows, length - 1, slots, slotsStride, at.tokenGates, distinct);
  }

  #denseBackward(lastStates: number, rows: number): void {
    const kernels = this.#kernels, at = this.scratch, classPanels = this.classPanels;
    const { hidden } = this.#spec;
    kernels.accumulateProducts(
      lastStates,
      rowStride(hidden),
      at.logits,
      32 * rows,
      rows,
      at.denseKernelGradient,
      hidden,
      classPanels,
    );
    kernels.columnSums(at.logits, classPanels, rows, at.denseBiasGradient);
    kernels.affine(at.logits, rows, 8 * classPanels, at.denseKernelT, at.zeros, this.#panels, at.stateGradient);
  }

  #firstBackward(): void {
    const kernels = this.#kernels, at = this.scratch, panels = this.#panels;
    const { hidden } = this.#spec;
    const count = this.#firstCount, stride = 32 * count;
    kernels.lstmFirstBackward(
      count,
      panels,
      at.recurrentKernelT,
      at.firstGateSums,
      at.firstGates,
      at.firstCells,
      at.firstCellTanhs,
      at.firstStateGradient,
      at.firstCellGradient,
    );
    kernels.accumulateProducts(
      at.firstStates,
      rowStride(hidden),
      at.firstGateSums,
      stride,
      count,
      at.recurrentKernelGradient,
      hidden,
      4 * panels,
    );
    const distinct = this.#distinct;
    kernels.sumByToken(at.firstGates, stride, 4 * panels, count, 1, at.slotOfFirst, 4, at.tokenGates, distinct);
  }

  /** From the sums over chunks to the whole gradient, at `target`; `lazy` leaves the rows of other tokens as they are. */
  endBackward(target: number, lazy: boolean): void {
    const kernels = this.#kernels, at = this.scratch, tensors = this.#tensors, distinct = this.#distinct;
    const { embedding, hidden, classes } = this.#spec;
    const gatePanels = 4 * this.#panels;
    this.#firstBackward();
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
