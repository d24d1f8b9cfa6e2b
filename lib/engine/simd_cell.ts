/** One LSTM of the simd engine, a layer in one direction: its passes over its part of the scratch memory, with packed weights. */
import type { LstmCell } from "../model/layout.ts";
import type { ModelSpec } from "../model/spec.ts";
import { inputWidth, type SimdCellScratch } from "./simd_cell_scratch.ts";
import type { SimdKernels } from "./simd_kernels.ts";
import type { SimdScratch } from "./simd_scratch.ts";
import type { SimdSums } from "./simd_sums.ts";
import { padded, panelsOf, rowStride, seriesBytes } from "./simd_shapes.ts";

/** Rows that go through the LSTMs together. */
export interface SimdChunk {
  /** The first row's number in the batch. */
  readonly first: number;
  readonly rows: number;
  /** Time steps: as many as the longest of the rows has tokens. */
  readonly length: number;
  /** Of the batch. */
  readonly batchLength: number;
  /** Where the rows' first steps are, int32; 0 if all begin at step 0. */
  readonly starts: number;
  /** Which buffer its gates and states are in. */
  readonly buffer: 0 | 1;
}

export class SimdCell {
  readonly cell: LstmCell;
  readonly at: SimdCellScratch;
  readonly #kernels: SimdKernels;
  readonly #sums: SimdSums;
  readonly #shared: SimdScratch;
  readonly #hidden: number;
  /** Panels of one gate. */
  readonly #panels: number;
  readonly #width: number;

  constructor(
    kernels: SimdKernels,
    sums: SimdSums,
    spec: ModelSpec,
    cell: LstmCell,
    scratch: SimdScratch,
    at: SimdCellScratch,
  ) {
    this.cell = cell;
    this.at = at;
    this.#kernels = kernels;
    this.#sums = sums;
    this.#shared = scratch;
    this.#hidden = spec.hidden;
    this.#panels = panelsOf(spec.hidden);
    this.#width = inputWidth(spec, cell);
  }

  /** What the distinct tokens' vectors, in panels, add to the gates. */
  projectTokens(distinct: number): void {
    const { at } = this;
    const inner = padded(this.#width);
    this.#kernels.affine(
      this.#shared.vectorPanels,
      distinct,
      inner,
      at.operands.kernel,
      at.bias,
      4 * this.#panels,
      at.projected,
    );
  }

  /** The same of `inputPanels`, written to `gates`. */
  projectInputs({ rows, length, buffer }: SimdChunk): void {
    const { at } = this;
    const series = seriesBytes(rows, length);
    this.#kernels.gemm(
      at.bias,
      32,
      0,
      0,
      0,
      at.inputPanels,
      series,
      at.operands.kernel,
      this.#width,
      at.series[buffer].gates,
      series,
      rows * length,
      4 * this.#panels,
    );
  }

  /** All time steps. `slots` are those of the chunk's tokens in this direction's order, or 0 after `projectInputs`. */
  forward(chunk: SimdChunk, slots: number, distinct: number): void {
    const { at } = this;
    const { rows, length, batchLength, starts, buffer } = chunk;
    const panels = this.#panels, series = seriesBytes(rows, length), stride = rowStride(this.#hidden);
    const { gates, states } = at.series[buffer];
    this.#kernels.lstmSteps(
      rows,
      length,
      panels,
      series,
      starts,
      slots,
      4 * batchLength,
      at.projected,
      distinct,
      at.operands.recurrentKernel,
      gates,
      at.cells,
      at.cellTanhs,
      states,
      stride,
      at.statePanels,
    );
  }

  /** The last step's states: row-major. */
  lastStates({ rows, length, buffer }: SimdChunk): number {
    return this.at.series[buffer].states + rowStride(this.#hidden) * rows * (length - 1);
  }

  /** The last step's states: in panels. */
  lastStatePanels({ rows, length }: SimdChunk): number {
    return this.at.statePanels + 32 * this.#panels * rows * ((length - 1) & 1);
  }

  /**
   * From the gradients of the states to those of the gates, and to the sums for the recurrent kernel's. `gradients` as
   * lstmStepsBackward takes them: of the last step alone if `gradientStep` is 0.
   */
  backward(
    { rows, length, starts, buffer }: SimdChunk,
    gradients: number,
    gradientStep: number,
    gradientPanel: number,
  ): void {
    const kernels = this.#kernels, at = this.at, shared = this.#shared, panels = this.#panels;
    const series = seriesBytes(rows, length);
    const { gates, states } = at.series[buffer];
    kernels.lstmStepsBackward(
      rows,
      length,
      panels,
      series,
      starts,
      at.operands.recurrentKernelT,
      shared.zeros,
      gates,
      at.cells,
      at.cellTanhs,
      gradients,
      gradientStep,
      gradientPanel,
      shared.cellGradient,
    );
    // States of all steps but the last, against gate gradients of all steps but the first.
    this.#sums.products(
      states,
      rowStride(this.#hidden),
      gates + 32 * rows,
      series,
      rows * (length - 1),
      at.recurrentKernelGradient,
      this.#hidden,
      4 * panels,
    );
  }

  /** Adds the gate gradients to the sums by token. */
  sumByToken({ rows, length, batchLength, buffer }: SimdChunk, slots: number, distinct: number): void {
    const { at } = this;
    this.#sums.byToken(
      at.series[buffer].gates,
      seriesBytes(rows, length),
      4 * this.#panels,
      rows,
      length,
      slots,
      4 * batchLength,
      at.tokenGates,
      padded(distinct),
    );
  }

  /** From the gate gradients to those of kernel and bias, and of the inputs, which replace `inputPanels`. */
  inputsBackward({ rows, length, buffer }: SimdChunk): void {
    const kernels = this.#kernels, at = this.at, width = this.#width, { gates } = at.series[buffer];
    const series = seriesBytes(rows, length), count = rows * length, gatePanels = 4 * this.#panels;
    const stride = rowStride(width);
    kernels.accumulateProducts(at.inputs, stride, gates, series, count, at.kernelGradient, width, gatePanels);
    kernels.columnSums(gates, series, gatePanels, count, at.biasGradient);
    kernels.gemm(
      this.#shared.zeros,
      32,
      0,
      0,
      0,
      gates,
      series,
      at.operands.kernelT,
      8 * gatePanels,
      at.inputPanels,
      series,
      count,
      width / 8,
    );
  }

  /**
   * From the gate gradients summed by token to the sums for the kernel's. What follows the last token, up to a multiple of
   * eight, is 0: products over tokens are fastest in eights.
   */
  sumOverTokens(distinct: number): void {
    const { at } = this;
    this.#sums.products(
      this.#shared.vectors,
      rowStride(this.#width),
      at.tokenGates,
      32 * padded(distinct),
      padded(distinct),
      at.kernelGradient,
      this.#width,
      4 * this.#panels,
    );
  }

  /**
   * From the gate gradients summed by token to the gradients of the bias and of the tokens' vectors: the first LSTM writes
   * these to the shared `vectorPanels`, others add to them.
   */
  tokensBackward(distinct: number, adds: boolean): void {
    const kernels = this.#kernels, at = this.at, shared = this.#shared;
    const stride = 32 * distinct, gateStride = 32 * padded(distinct), gatePanels = 4 * this.#panels;
    kernels.columnSums(at.tokenGates, gateStride, gatePanels, distinct, at.biasGradient);
    kernels.gemm(
      adds ? shared.vectorPanels : shared.zeros,
      adds ? stride : 32,
      adds ? 32 : 0,
      0,
      0,
      at.tokenGates,
      gateStride,
      at.operands.kernelT,
      8 * gatePanels,
      shared.vectorPanels,
      stride,
      distinct,
      panelsOf(this.#width),
    );
  }
}
