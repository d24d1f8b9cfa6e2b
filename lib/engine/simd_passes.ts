/**
 * The passes of a training step as calls of kernels, on pointers: what is computed from what, and where in scratch it lies.
 * Checks nothing; the engine does.
 *
 * It does less than the textbook's step. A token's product with the input kernel is computed once per distinct token of
 * the batch, and so are its gradients, from gate gradients summed by token. Step 0 is computed once per distinct first
 * token, as is its state's product with the recurrent kernel. Only the last hidden state meets the dense layer.
 */
import { type ParameterLayout, tensorNamed } from "../model/layout.ts";
import type { ModelSpec } from "../model/spec.ts";
import type { SimdKernels } from "./simd_kernels.ts";
import { padded, rowStride, seriesBytes, type SimdScratch } from "./simd_scratch.ts";

/** Byte offsets of the six tensors in a flat vector. */
function tensorOffsets(layout: ParameterLayout) {
  const offset = (name: string) => 4 * tensorNamed(layout, name).offset;
  return {
    embeddings: offset("embedding/embeddings"),
    inputKernel: offset("lstm/kernel"),
    recurrentKernel: offset("lstm/recurrent_kernel"),
    bias: offset("lstm/bias"),
    denseKernel: offset("dense/kernel"),
    denseBias: offset("dense/bias"),
  };
}

export class SimdPasses {
  readonly #spec: ModelSpec;
  readonly #layout: ParameterLayout;
  readonly #kernels: SimdKernels;
  readonly #at: SimdScratch;
  readonly #tensors;
  /** How many distinct tokens stand at step 0. */
  readonly #firstCount: Int32Array;
  /** Panels of one gate. */
  readonly #panels: number;
  readonly #classPanels: number;
  /** Of the batch that was prepared last: distinct tokens, and time steps. */
  #distinct = 0;
  #length = 0;

  constructor(
    spec: ModelSpec,
    layout: ParameterLayout,
    kernels: SimdKernels,
    scratch: SimdScratch,
    memory: WebAssembly.Memory,
  ) {
    this.#spec = spec;
    this.#layout = layout;
    this.#kernels = kernels;
    this.#at = scratch;
    this.#tensors = tensorOffsets(layout);
    this.#firstCount = new Int32Array(memory.buffer, scratch.firstCount, 1);
    this.#panels = padded(spec.hidden) / 8;
    this.#classPanels = padded(spec.classes) / 8;
  }

  /**
   * Packs weights, projects the batch's distinct tokens and takes step 0. Returns 0, or -1 - i if the i-th token is none.
   */
  prepare(weights: number, tokens: number, size: number, length: number): number {
    const kernels = this.#kernels, at = this.#at, tensors = this.#tensors, panels = this.#panels;
    const { vocabulary, embedding, hidden, classes } = this.#spec;
    const distinct = kernels.distinctTokens(
      tokens,
      size,
      length,
      vocabulary,
      at.slotOfToken,
      at.tokenOfSlot,
      at.slots,
      at.firstCount,
    );
    if (distinct < 0) return distinct;
    this.#distinct = distinct;
    this.#length = length;
    const e8 = padded(embedding), h8 = padded(hidden);
    kernels.packColumns(weights + tensors.inputKernel, embedding, 4, hidden, at.inputKernel, e8);
    kernels.packColumns(weights + tensors.recurrentKernel, hidden, 4, hidden, at.recurrentKernel, h8);
    kernels.packColumns(weights + tensors.bias, 1, 4, hidden, at.bias, 1);
    kernels.packColumns(weights + tensors.denseKernel, hidden, 1, classes, at.denseKernel, h8);
    kernels.packColumns(weights + tensors.denseBias, 1, 1, classes, at.denseBias, 1);
    const embeddings = weights + tensors.embeddings;
    kernels.gatherRows(
      embeddings,
      embedding,
      at.tokenOfSlot,
      distinct,
      at.vectors,
      rowStride(embedding),
      at.vectorPanels,
    );
    kernels.affine(at.vectorPanels, distinct, e8, at.inputKernel, at.bias, 4 * panels, at.projected);
    kernels.lstmFirst(
      this.#firstCount[0]!,
      panels,
      at.projected,
      distinct,
      at.recurrentKernel,
      at.zeros,
      at.firstGates,
      at.firstCells,
      at.firstCellTanhs,
      at.firstStates,
      rowStride(hidden),
      at.firstStatePanels,
      at.recurrentParts,
    );
    return 0;
  }

  /** Logits of rows `first` to `first + rows - 1` of the batch. */
  forward(first: number, rows: number): void {
    const at = this.#at, panels = this.#panels, length = this.#length;
    this.#kernels.lstmForward(
      rows,
      length,
      panels,
      seriesBytes(rows, length),
      at.slots + 4 * first * length,
      at.projected,
      this.#distinct,
      at.recurrentKernel,
      this.#firstCount[0]!,
      at.firstCells,
      at.firstStatePanels,
      at.recurrentParts,
      at.gates,
      at.cells,
      at.cellTanhs,
      at.states,
      rowStride(this.#spec.hidden),
      at.statePanels,
    );
    const last = at.statePanels + 32 * panels * rows * ((length - 1) & 1);
    this.#kernels.affine(last, rows, 8 * panels, at.denseKernel, at.denseBias, this.#classPanels, at.logits);
  }

  /** Packs what only the backward pass needs, and sets all sums to 0. */
  beginGradients(weights: number): void {
    const { embedding, hidden, classes } = this.#spec;
    const kernels = this.#kernels, at = this.#at, tensors = this.#tensors, panels = this.#panels;
    const firstCount = this.#firstCount[0]!;
    kernels.packRows(weights + tensors.inputKernel, embedding, 4, hidden, at.inputKernelT);
    kernels.packRows(weights + tensors.recurrentKernel, hidden, 4, hidden, at.recurrentKernelT);
    kernels.packRows(weights + tensors.denseKernel, hidden, 1, classes, at.denseKernelT);
    kernels.zero(at.inputKernelGradient, at.slotOfToken - at.inputKernelGradient);
    kernels.zero(at.tokenGates, 32 * 4 * panels * this.#distinct);
    kernels.zero(at.firstGateSums, 32 * 4 * panels * firstCount);
    kernels.zero(at.firstStateGradient, 32 * panels * firstCount);
    kernels.zero(at.firstCellGradient, 32 * panels * firstCount);
  }

  /** From the gradient of the logits of the rows that went forward last, down to step 1. */
  backward(first: number, rows: number): void {
    const kernels = this.#kernels, at = this.#at, panels = this.#panels, length = this.#length;
    const { hidden } = this.#spec;
    const firstCount = this.#firstCount[0]!;
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
    const slots = at.slots + 4 * first * length, slotsStride = 4 * length;
    if (length === 1) {
      kernels.sumByToken(
        at.stateGradient,
        rowBytes,
        panels,
        rows,
        1,
        slots,
        slotsStride,
        at.firstStateGradient,
        firstCount,
      );
      return;
    }
    // States of steps 1 to length - 2 against gate gradients of the steps after; step 1's own wait for step 0.
    kernels.accumulateProducts(
      at.states + stride * rows,
      stride,
      at.gates + 2 * rowBytes,
      series,
      rows * (length - 2),
      at.recurrentKernelGradient,
      hidden,
      4 * panels,
    );
    const step1 = at.gates + rowBytes;
    kernels.sumByToken(
      step1,
      series,
      4 * panels,
      rows,
      length - 1,
      slots + 4,
      slotsStride,
      at.tokenGates,
      this.#distinct,
    );
    kernels.sumByToken(step1, series, 4 * panels, rows, 1, slots, slotsStride, at.firstGateSums, firstCount);
    kernels.sumByToken(
      at.cellGradient,
      rowBytes,
      panels,
      rows,
      1,
      slots,
      slotsStride,
      at.firstCellGradient,
      firstCount,
    );
  }

  /** The distinct tokens of the batch that was prepared last, by order of first appearance: valid until the next. */
  get rows(): Int32Array {
    return new Int32Array(this.#firstCount.buffer, this.#at.tokenOfSlot, this.#distinct);
  }

  /**
   * Step 0 and the input's side, once all rows have gone backward, and the gradient to `target`: all of it, or with `sparse`
   * all but the rows of tokens that the batch lacks, which stay as they are.
   */
  endGradients(target: number, sparse: boolean): void {
    const { embedding, hidden, classes } = this.#spec;
    const kernels = this.#kernels, at = this.#at, tensors = this.#tensors;
    this.#firstBackward();
    this.#inputBackward();
    const kept = sparse ? tensors.inputKernel : 0;
    kernels.zero(target + kept, 4 * this.#layout.size - kept);
    kernels.scatterRows(at.vectorPanels, this.#distinct, at.tokenOfSlot, target + tensors.embeddings, embedding);
    kernels.unpackColumns(at.inputKernelGradient, embedding, target + tensors.inputKernel, embedding, 4, hidden);
    kernels.unpackColumns(at.recurrentKernelGradient, hidden, target + tensors.recurrentKernel, hidden, 4, hidden);
    kernels.unpackColumns(at.biasGradient, 1, target + tensors.bias, 1, 4, hidden);
    kernels.unpackColumns(at.denseKernelGradient, hidden, target + tensors.denseKernel, hidden, 1, classes);
    kernels.unpackColumns(at.denseBiasGradient, 1, target + tensors.denseBias, 1, 1, classes);
  }

  #denseBackward(lastStates: number, rows: number): void {
    const kernels = this.#kernels, at = this.#at, classPanels = this.#classPanels;
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
    const kernels = this.#kernels, at = this.#at, panels = this.#panels;
    const { hidden } = this.#spec;
    const count = this.#firstCount[0]!;
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
      32 * count,
      count,
      at.recurrentKernelGradient,
      hidden,
      4 * panels,
    );
    kernels.addRows(at.firstGates, 32 * count, at.tokenGates, 32 * this.#distinct, count, 4 * panels);
  }

  #inputBackward(): void {
    const kernels = this.#kernels, at = this.#at, distinct = this.#distinct;
    const { embedding } = this.#spec;
    const gatePanels = 4 * this.#panels;
    kernels.accumulateProducts(
      at.vectors,
      rowStride(embedding),
      at.tokenGates,
      32 * distinct,
      distinct,
      at.inputKernelGradient,
      embedding,
      gatePanels,
    );
    kernels.columnSums(at.tokenGates, gatePanels, distinct, at.biasGradient);
    // The embeddings' gradients, where their vectors were.
    const vectorPanels = padded(embedding) / 8;
    kernels.affine(at.tokenGates, distinct, 8 * gatePanels, at.inputKernelT, at.zeros, vectorPanels, at.vectorPanels);
  }
}
