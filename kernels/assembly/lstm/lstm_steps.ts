// Runs the LSTM over rows that may be padded, with any inputs and with step 0 row by row, in the arrays of lstm_forward.ts.
//
// Every row ends at the last step. If a row is `starts[row]` steps short (int32), its first steps are padding, in which gates,
// cells and states are 0; the backward pass then gives gradients of 0 there by itself. If longer rows come first, the rows
// that have begun are the first ones at every step, and no other row is computed.
import { cellBackward } from "./lstm_backward";
import { cellForward } from "./lstm_forward";
import { product } from "../matrices/gemm";
import { clearPadding, rowsBegun } from "./padding";
import { pickRows } from "../matrices/rows";

/** The arguments of `lstmSteps`. */
// @ts-ignore: decorator
@unmanaged
export class LstmStepsCall {
  rows: i32; length: i32; panels: i32; seriesBytes: usize; starts: usize; slots: usize; slotsStride: usize;
  projected: usize; projectedRow: usize; recurrent: i32; gates: usize; cells: usize; tanhs: usize; states: usize;
  stateRow: usize;
}

/**
 * Runs all steps forward. The input's contribution to row r at a step is the row of projected [slots][·] whose number is the
 * int32 at `slots + r · slotsStride + 4 step`; without `slots` it is in `gates` already. Without `starts` no row is padded.
 */
export function lstmSteps(call: LstmStepsCall): void {
  const rows = call.rows, length = call.length, panels = call.panels, seriesBytes = call.seriesBytes;
  const starts = call.starts, slots = call.slots, slotsStride = call.slotsStride, projected = call.projected;
  const projectedRow = call.projectedRow, recurrent = call.recurrent, gates = call.gates, cells = call.cells;
  const tanhs = call.tanhs, stateRow = call.stateRow;
  let states = call.states;
  const rowBytes: usize = 32 * <usize>rows;
  const stepStates: usize = stateRow * <usize>rows;
  for (let step = 0; step < length; step++, states += stepStates) {
    const begun = rowsBegun(step, rows, starts);
    const stepGates = gates + <usize>step * rowBytes;
    const stepSlots = slots == 0 ? 0 : slots + 4 * <usize>step;
    const from = slots == 0 ? stepGates : projected;
    const fromStride: usize = slots == 0 ? seriesBytes : 32;
    const fromRow: usize = slots == 0 ? 32 : projectedRow;
    if (step > 0) {
      product(
        from, fromStride, fromRow, stepSlots, slotsStride,
        states - stepStates, 32, stateRow, recurrent, 8 * panels, stepGates, seriesBytes, 32, begun, 4 * panels,
      );
    } else if (slots != 0) {
      pickRows(from, fromStride, fromRow, stepSlots, slotsStride, stepGates, seriesBytes, 32, begun, 4 * panels);
    }
    for (let panel = 0; panel < panels; panel++) {
      const series = <usize>panel * seriesBytes + <usize>step * rowBytes;
      cellForward(
        step > 0, rowBytes, 32 * <usize>begun, gates + series, <usize>panels * seriesBytes, cells + series, tanhs + series,
        states + 32 * <usize>panel, stateRow,
      );
    }
    if (starts != 0) {
      const shift = <usize>step * rowBytes;
      clearPadding(
        step, rows, panels, seriesBytes, starts, stepGates, cells + shift, tanhs + shift, states, stateRow,
      );
    }
  }
}

/** The arguments of `lstmStepsBackward`. */
// @ts-ignore: decorator
@unmanaged
export class LstmStepsBackwardCall {
  rows: i32; length: i32; panels: i32; seriesBytes: usize; starts: usize; recurrentT: i32; zeros: usize;
  gates: usize; cells: usize; tanhs: usize; stateGradients: usize; gradientStep: usize; gradientPanel: usize;
  cellGradient: usize;
}

/**
 * Runs backward through time; `gates` becomes the gradient of the gates' sums. The loss's own gradient at the state of step t
 * lies in panels at `stateGradients + t · gradientStep`, `gradientPanel` bytes apart, and is overwritten; a `gradientStep` of 0
 * means that only the last step has one. cellGradient [P][rows][8] is overwritten. recurrentT is the operand
 * that the recurrent kernel's transpose, in panels [P][4 · 8P][8], is staged as; zeros is [8].
 */
export function lstmStepsBackward(call: LstmStepsBackwardCall): void {
  const rows = call.rows, length = call.length, panels = call.panels, seriesBytes = call.seriesBytes;
  const starts = call.starts, recurrentT = call.recurrentT, zeros = call.zeros, gates = call.gates;
  const cells = call.cells, tanhs = call.tanhs, stateGradients = call.stateGradients;
  const gradientStep = call.gradientStep, gradientPanel = call.gradientPanel, cellGradient = call.cellGradient;
  const rowBytes: usize = 32 * <usize>rows;
  const inner = 32 * panels;
  memory.fill(cellGradient, 0, <usize>panels * rowBytes);
  for (let step = length - 1; step >= 0; step--) {
    const begun = rowsBegun(step, rows, starts);
    const gradient = stateGradients + <usize>step * gradientStep;
    for (let panel = 0; panel < panels; panel++) {
      const series = <usize>panel * seriesBytes + <usize>step * rowBytes;
      cellBackward(
        step > 0, rowBytes, 32 * <usize>begun, gates + series, <usize>panels * seriesBytes, cells + series, tanhs + series,
        gradient + <usize>panel * gradientPanel, cellGradient + <usize>panel * rowBytes,
      );
    }
    if (step == 0) break;
    const earlier = gradient - gradientStep;
    const from = gradientStep == 0 ? zeros : earlier;
    const fromStride: usize = gradientStep == 0 ? 0 : gradientPanel;
    const fromRow: usize = gradientStep == 0 ? 0 : 32;
    product(
      from, fromStride, fromRow, 0, 0, gates + <usize>step * rowBytes, seriesBytes, 32, recurrentT, inner,
      earlier, gradientPanel, 32, rowsBegun(step - 1, rows, starts), panels,
    );
  }
}
