/** Runs one LSTM (a layer in one direction) over its part of the scratch memory, with packed weights. */
import { LSTM_GATES, type LstmCell } from "../../../model/layout.ts";
import type { ModelSpec } from "../../../model/spec.ts";
import { gatesRow, inputWidth, type SimdCellScratch } from "../memory/scratch.ts";
import type { SimdKernels } from "../bindings.gen.ts";
import type { SimdScratch } from "../memory/scratch.ts";
import type { Sums } from "../work_sharing.ts";
import { padded, panelsOf, rowStride, seriesBytes } from "../memory/shapes.ts";

/** Describes the rows that go through the LSTMs together. */
export interface SimdChunk {
  /** The number of the first row in the batch. */
  readonly first: number;
  readonly rows: number;
  /** Counts the time steps: the tokens of the longest row. */
  readonly length: number;
  /** The length of the batch. */
  readonly batchLength: number;
  /** The byte offset of the rows' first steps, int32; 0 if all begin at step 0. */
  readonly starts: number;
  /** Selects the buffer of its gates and states. */
  readonly buffer: 0 | 1;
}

export class SimdCell {
  readonly cell: LstmCell;
  readonly at: SimdCellScratch;
  readonly #kernels: SimdKernels;
  readonly #sums: Sums;
  readonly #shared: SimdScratch;
  readonly #hidden: number;
  /** Count the panels of one gate, and of all. */
  readonly #panels: number;
  readonly #gatePanels: number;
  readonly #width: number;
  /** Count the bytes from row to row of states, and of the tokens' gates. */
  readonly #stateRow: number;
  readonly #gatesRow: number;

  constructor(
    kernels: SimdKernels,
    sums: Sums,
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
    this.#gatePanels = LSTM_GATES * this.#panels;
    this.#width = inputWidth(spec, cell);
    this.#stateRow = rowStride(spec.hidden);
    this.#gatesRow = gatesRow(spec);
  }

  /** Computes the contributions of the distinct tokens' vectors to the gates. */
  projectTokens(distinct: number): void {
    const { at } = this;
    this.#project(this.#shared.vectors, distinct, at.projected, 32, this.#gatesRow);
  }

  /** Computes the contributions of `inputs` to the gates, and writes them to `gates`. */
  projectInputs({ rows, length, buffer }: SimdChunk): void {
    const { at } = this;
    this.#project(at.inputs, rows * length, at.series[buffer].gates, seriesBytes(rows, length), 32);
  }

  #project(inputs: number, count: number, to: number, toStride: number, toRow: number): void {
    const { at } = this, width = this.#width;
    this.#kernels.gemm({
      from: at.bias,
      fromStride: 32,
      fromRow: 0,
      index: 0,
      indexStride: 0,
      a: inputs,
      aStride: 32,
      aRow: rowStride(width),
      operand: at.operands.kernel,
      inner: padded(width),
      c: to,
      cStride: toStride,
      cRow: toRow,
      rows: count,
      panels: this.#gatePanels,
    });
  }

  /** Runs all time steps. `slots` are those of the chunk's tokens in the order of this direction, or 0 after `projectInputs`. */
  forward(chunk: SimdChunk, slots: number): void {
    const { at } = this;
    const { rows, length, batchLength, starts, buffer } = chunk;
    const { gates, states } = at.series[buffer];
    this.#kernels.lstmSteps({
      rows,
      length,
      panels: this.#panels,
      seriesBytes: seriesBytes(rows, length),
      starts,
      slots,
      slotsStride: 4 * batchLength,
      projected: at.projected,
      projectedRow: this.#gatesRow,
      recurrent: at.operands.recurrentKernel,
      gates,
      cells: at.cells,
      tanhs: at.cellTanhs,
      states,
      stateRow: this.#stateRow,
    });
  }

  /** Returns the byte offset of the states of the last step. */
  lastStates({ rows, length, buffer }: SimdChunk): number {
    return this.at.series[buffer].states + this.#stateRow * rows * (length - 1);
  }

  /**
   * Computes the gradients of the gates from those of the states, and records the sums of the recurrent kernel's gradient.
   * `gradients` have the layout of lstmStepsBackward: only those of the last step if `gradientStep` is 0.
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
    kernels.lstmStepsBackward({
      rows,
      length,
      panels,
      seriesBytes: series,
      starts,
      recurrentT: at.operands.recurrentKernelT,
      zeros: shared.zeros,
      gates,
      cells: at.cells,
      tanhs: at.cellTanhs,
      stateGradients: gradients,
      gradientStep,
      gradientPanel,
      cellGradient: shared.cellGradient,
    });
    // The states of all steps but the last meet the gate gradients of all steps but the first.
    this.#sums.products(
      states,
      this.#stateRow,
      gates + 32 * rows,
      series,
      32,
      rows * (length - 1),
      at.recurrentKernelGradient,
      this.#hidden,
      this.#gatePanels,
    );
  }

  /** Adds the gate gradients to the sums by token. */
  sumByToken({ rows, length, batchLength, buffer }: SimdChunk, slots: number): void {
    const { at } = this;
    this.#sums.byToken(
      at.series[buffer].gates,
      seriesBytes(rows, length),
      this.#gatePanels,
      rows,
      length,
      slots,
      4 * batchLength,
      at.tokenGates,
      32,
      this.#gatesRow,
    );
  }

  /** Computes the gradients of kernel, bias and inputs from those of the gates. */
  inputsBackward({ rows, length, buffer }: SimdChunk): void {
    const kernels = this.#kernels, at = this.at, width = this.#width, { gates } = at.series[buffer];
    const series = seriesBytes(rows, length), count = rows * length, gatePanels = this.#gatePanels;
    const inputRow = rowStride(width);
    kernels.accumulateProducts(at.inputs, inputRow, gates, series, 32, count, at.kernelGradient, width, gatePanels);
    kernels.columnSums(gates, series, 32, gatePanels, count, at.biasGradient);
    kernels.gemm({
      from: this.#shared.zeros,
      fromStride: 32,
      fromRow: 0,
      index: 0,
      indexStride: 0,
      a: gates,
      aStride: series,
      aRow: 32,
      operand: at.operands.kernelT,
      inner: 8 * gatePanels,
      c: at.inputGradients,
      cStride: series,
      cRow: 32,
      rows: count,
      panels: width / 8,
    });
  }

  /**
   * Records the sums of the kernel's gradient, from the gate gradients summed by token. Rows after the last token, up to a
   * multiple of eight, are 0: products over tokens are fastest in eights.
   */
  sumOverTokens(distinct: number): void {
    const { at } = this;
    this.#sums.products(
      this.#shared.vectors,
      rowStride(this.#width),
      at.tokenGates,
      32,
      this.#gatesRow,
      padded(distinct),
      at.kernelGradient,
      this.#width,
      this.#gatePanels,
    );
  }

  /**
   * Computes the gradients of the bias and of the tokens' vectors from the gate gradients summed by token. The first LSTM
   * writes those of the vectors to the shared `vectorGradients`; with `adds`, another LSTM adds to them.
   */
  tokensBackward(distinct: number, adds: boolean): void {
    const kernels = this.#kernels, at = this.at, shared = this.#shared;
    const vectorRow = rowStride(this.#width), gatePanels = this.#gatePanels;
    kernels.columnSums(at.tokenGates, 32, this.#gatesRow, gatePanels, distinct, at.biasGradient);
    kernels.gemm({
      from: adds ? shared.vectorGradients : shared.zeros,
      fromStride: 32,
      fromRow: adds ? vectorRow : 0,
      index: 0,
      indexStride: 0,
      a: at.tokenGates,
      aStride: 32,
      aRow: this.#gatesRow,
      operand: at.operands.kernelT,
      inner: 8 * gatePanels,
      c: shared.vectorGradients,
      cStride: 32,
      cRow: vectorRow,
      rows: distinct,
      panels: panelsOf(this.#width),
    });
  }
}
