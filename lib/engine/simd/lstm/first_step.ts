/**
 * Runs a single forward LSTM over full rows when only the last state is needed. Before step 0 there is no state, so step 0
 * and its contribution to step 1 depend only on the first token: they are computed once per distinct first token, and so are
 * their gradients, from those of step 1 summed by first token.
 */
import { LSTM_GATES } from "../../../model/layout.ts";
import type { ModelSpec } from "../../../model/spec.ts";
import type { SimdChunk } from "./cell.ts";
import { gatesRow } from "../memory/scratch.ts";
import type { SimdKernels } from "../bindings.gen.ts";
import type { SimdScratch } from "../memory/scratch.ts";
import type { Sums } from "../work_sharing.ts";
import { panelsOf, rowStride, seriesBytes } from "../memory/shapes.ts";

export class SimdFirstStep {
  readonly #kernels: SimdKernels;
  readonly #sums: Sums;
  readonly #at: SimdScratch["ofFirstStep"];
  readonly #cell: SimdScratch["ofCell"][number];
  readonly #shared: SimdScratch;
  readonly #hidden: number;
  /** Count the bytes from row to row of states, and of the tokens' gates. */
  readonly #stateRow: number;
  readonly #gatesRow: number;
  /** Counts the panels of one gate. */
  readonly #panels: number;
  /** Counts the distinct tokens at step 0 of the batch that was prepared last. */
  #count = 0;

  constructor(kernels: SimdKernels, sums: Sums, spec: ModelSpec, scratch: SimdScratch) {
    this.#kernels = kernels;
    this.#sums = sums;
    this.#at = scratch.ofFirstStep;
    this.#cell = scratch.ofCell[0]!;
    this.#shared = scratch;
    this.#hidden = spec.hidden;
    this.#stateRow = rowStride(spec.hidden);
    this.#gatesRow = gatesRow(spec);
    this.#panels = panelsOf(spec.hidden);
  }

  /** Runs step 0 of a batch of `size` rows whose tokens are projected. */
  prepare(size: number, length: number): void {
    const kernels = this.#kernels, at = this.#at, cell = this.#cell, { slots, zeros } = this.#shared;
    this.#count = kernels.distinctFirsts(slots, size, length, at.firstOfSlot, at.slotOfFirst, at.firsts);
    kernels.lstmFirst({
      count: this.#count,
      panels: this.#panels,
      slotOfFirst: at.slotOfFirst,
      projected: cell.projected,
      projectedRow: this.#gatesRow,
      recurrent: cell.operands.recurrentKernel,
      zeros,
      gates: at.gates,
      cells: at.cells,
      tanhs: at.cellTanhs,
      states: at.states,
      stateRow: this.#stateRow,
      recurrentParts: at.recurrentParts,
    });
  }

  /** Runs the steps from 1 to the last. */
  forward({ first, rows, length, buffer }: SimdChunk, slots: number): void {
    const at = this.#at, cell = this.#cell, { gates, states } = cell.series[buffer];
    this.#kernels.lstmForward({
      rows,
      length,
      panels: this.#panels,
      seriesBytes: seriesBytes(rows, length),
      slots,
      projected: cell.projected,
      projectedRow: this.#gatesRow,
      recurrent: cell.operands.recurrentKernel,
      firsts: at.firsts + 4 * first,
      firstCount: this.#count,
      firstCells: at.cells,
      firstStates: at.states,
      recurrentParts: at.recurrentParts,
      gates,
      cells: cell.cells,
      tanhs: cell.cellTanhs,
      states,
      stateRow: this.#stateRow,
    });
  }

  /** Zeroes the sums over chunks. */
  beginBackward(): void {
    const kernels = this.#kernels, at = this.#at;
    const bytes = 32 * this.#panels * this.#count;
    kernels.zero(at.gateSums, LSTM_GATES * bytes);
    kernels.zero(at.stateGradient, bytes);
    kernels.zero(at.cellGradient, bytes);
  }

  /** Computes the gradients of the gates, down to step 1, from those of the last states, and records their sums. */
  backward({ first, rows, length, buffer }: SimdChunk, stateGradient: number, slots: number): void {
    const kernels = this.#kernels, sums = this.#sums, at = this.#at, cell = this.#cell;
    const { cellGradient, zeros } = this.#shared, { gates, states } = cell.series[buffer];
    const panels = this.#panels, gatePanels = LSTM_GATES * panels, stateRow = this.#stateRow, gatesRow = this.#gatesRow;
    const series = seriesBytes(rows, length), rowBytes = 32 * rows;
    const firsts = at.firsts + 4 * first, countBytes = 32 * this.#count;
    if (length === 1) {
      kernels.sumByToken(stateGradient, rowBytes, panels, rows, 1, firsts, 4, at.stateGradient, countBytes, 32);
      return;
    }
    kernels.lstmBackward({
      rows,
      length,
      panels,
      seriesBytes: series,
      recurrentT: cell.operands.recurrentKernelT,
      zeros,
      gates,
      cells: cell.cells,
      tanhs: cell.cellTanhs,
      stateGradient,
      cellGradient,
    });
    // The states of steps 1 to length - 2 meet the gate gradients of the next steps; step 0's are summed by token first.
    const step1 = gates + rowBytes;
    sums.products(
      states + stateRow * rows,
      stateRow,
      step1 + rowBytes,
      series,
      32,
      rows * (length - 2),
      cell.recurrentKernelGradient,
      this.#hidden,
      gatePanels,
    );
    sums.byToken(step1, series, gatePanels, rows, 1, firsts, 4, at.gateSums, countBytes, 32);
    sums.byToken(
      step1,
      series,
      gatePanels,
      rows,
      length - 1,
      slots + 4,
      4 * length,
      cell.tokenGates,
      32,
      gatesRow,
    );
    kernels.sumByToken(cellGradient, rowBytes, panels, rows, 1, firsts, 4, at.cellGradient, countBytes, 32);
  }

  /** Adds step 0 to the sums over chunks, which are otherwise complete. */
  endBackward(): void {
    const kernels = this.#kernels, sums = this.#sums, at = this.#at, cell = this.#cell;
    const panels = this.#panels,
      gatePanels = LSTM_GATES * panels,
      hidden = this.#hidden,
      count = this.#count,
      stride = 32 * count;
    kernels.lstmFirstBackward({
      count,
      panels,
      recurrentT: cell.operands.recurrentKernelT,
      gateSums: at.gateSums,
      gates: at.gates,
      cells: at.cells,
      tanhs: at.cellTanhs,
      stateGradient: at.stateGradient,
      cellGradient: at.cellGradient,
    });
    sums.products(
      at.states,
      this.#stateRow,
      at.gateSums,
      stride,
      32,
      count,
      cell.recurrentKernelGradient,
      hidden,
      gatePanels,
    );
    sums.byToken(
      at.gates,
      stride,
      gatePanels,
      count,
      1,
      at.slotOfFirst,
      4,
      cell.tokenGates,
      32,
      this.#gatesRow,
    );
  }
}
