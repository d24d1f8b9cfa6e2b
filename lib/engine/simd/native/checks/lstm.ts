/** Checks the kernels of kernels/assembly/lstm. */
import type { SimdKernels } from "../../bindings.gen.ts";
import type { Bounds } from "../bounds.ts";

type Names =
  | "tanhArray"
  | "sigmoidArray"
  | "expArray"
  | "lstmFirst"
  | "lstmForward"
  | "lstmBackward"
  | "lstmFirstBackward"
  | "lstmSteps"
  | "lstmStepsBackward";

/** Checks the arrays over time of an LSTM, in panels `seriesBytes` apart. */
function checkSeries(
  bounds: Bounds,
  { rows, length, panels, seriesBytes, gates, cells, tanhs }: Record<
    "rows" | "length" | "panels" | "seriesBytes" | "gates" | "cells" | "tanhs",
    number
  >,
): void {
  bounds.pieces(gates, seriesBytes, 4 * panels, 32 * rows * length);
  bounds.pieces(cells, seriesBytes, panels, 32 * rows * length);
  bounds.pieces(tanhs, seriesBytes, panels, 32 * rows * length);
}

export function checkedLstm(kernels: SimdKernels, bounds: Bounds): Pick<SimdKernels, Names> {
  return {
    tanhArray(from, to, count) {
      bounds.span(from, 4 * count);
      bounds.span(to, 4 * count);
      kernels.tanhArray(from, to, count);
    },
    sigmoidArray(from, to, count) {
      bounds.span(from, 4 * count);
      bounds.span(to, 4 * count);
      kernels.sigmoidArray(from, to, count);
    },
    expArray(from, to, count) {
      bounds.span(from, 4 * count);
      bounds.span(to, 4 * count);
      kernels.expArray(from, to, count);
    },
    lstmFirst(call) {
      const { count, panels } = call;
      const bytes = 32 * count * panels;
      bounds.matrix(call.projected, 32, call.projectedRow, bounds.rows(call.slotOfFirst, count), 4 * panels);
      bounds.span(call.zeros, 32);
      bounds.span(call.gates, 4 * bytes);
      bounds.span(call.cells, bytes);
      bounds.span(call.tanhs, bytes);
      bounds.matrix(call.states, 32, call.stateRow, count, panels);
      bounds.span(call.recurrentParts, 4 * bytes);
      bounds.operand(call.recurrent, 8 * panels, 4 * panels);
      kernels.lstmFirst(call);
    },
    lstmForward(call) {
      const { rows, length, panels, firstCount, stateRow } = call;
      checkSeries(bounds, call);
      const firsts = bounds.rows(call.firsts, rows);
      bounds.matrix(call.firstCells, 32 * firstCount, 32, firsts, panels);
      if (length === 1) bounds.matrix(call.firstStates, 32, stateRow, firsts, panels);
      else bounds.matrix(call.recurrentParts, 32 * firstCount, 32, firsts, 4 * panels);
      bounds.matrix(call.projected, 32, call.projectedRow, bounds.rows(call.slots, rows * length), 4 * panels);
      bounds.matrix(call.states, 32, stateRow, rows * length, panels);
      bounds.operand(call.recurrent, 8 * panels, 4 * panels);
      kernels.lstmForward(call);
    },
    lstmBackward(call) {
      const { rows, panels } = call;
      checkSeries(bounds, call);
      bounds.span(call.zeros, 32);
      bounds.span(call.stateGradient, 32 * rows * panels);
      bounds.span(call.cellGradient, 32 * rows * panels);
      bounds.operand(call.recurrentT, 32 * panels, panels);
      kernels.lstmBackward(call);
    },
    lstmFirstBackward(call) {
      const bytes = 32 * call.count * call.panels;
      bounds.span(call.gateSums, 4 * bytes);
      bounds.span(call.gates, 4 * bytes);
      bounds.span(call.cells, bytes);
      bounds.span(call.tanhs, bytes);
      bounds.span(call.stateGradient, bytes);
      bounds.span(call.cellGradient, bytes);
      bounds.operand(call.recurrentT, 32 * call.panels, call.panels);
      kernels.lstmFirstBackward(call);
    },
    lstmSteps(call) {
      const { rows, length, panels, starts, slots, slotsStride, projected, projectedRow } = call;
      checkSeries(bounds, call);
      if (starts !== 0) bounds.span(starts, 4 * rows);
      if (slots !== 0) {
        let tokens = 0;
        for (let row = 0; row < rows; row++) tokens = Math.max(tokens, bounds.rows(slots + row * slotsStride, length));
        bounds.matrix(projected, 32, projectedRow, tokens, 4 * panels);
      }
      bounds.matrix(call.states, 32, call.stateRow, rows * length, panels);
      bounds.operand(call.recurrent, 8 * panels, 4 * panels);
      kernels.lstmSteps(call);
    },
    lstmStepsBackward(call) {
      const { rows, length, panels, starts, gradientStep, gradientPanel } = call;
      checkSeries(bounds, call);
      if (starts !== 0) bounds.span(starts, 4 * rows);
      bounds.span(call.zeros, 32);
      if (length > 0 && panels > 0) {
        bounds.pieces(call.stateGradients, gradientStep, length, (panels - 1) * gradientPanel + 32 * rows);
      }
      bounds.span(call.cellGradient, 32 * rows * panels);
      bounds.operand(call.recurrentT, 32 * panels, panels);
      kernels.lstmStepsBackward(call);
    },
  };
}
