// Runs the LSTM (Hochreiter & Schmidhuber, 1997, with forget gate) forward.
//
//   i, f, g, o = σ, σ, tanh, σ of (x_t · kernel + bias + h_{t-1} · recurrent)     Keras's gate order
//   c_t = f c_{t-1} + i g        h_t = o tanh c_t
//
// Arrays are in panels of eight hidden units, P = ceil(hidden / 8): gates [4P][T][rows][8] (activated), cells and cell
// tanhs [P][T][rows][8], each panel's series of steps `seriesBytes` after the one before; states row-major [T][rows][·]
// (`stateRow` bytes a row).
//
// The input's contribution is given per token, projected row-major [slots][·] (`projectedRow` bytes a row). Before step 0
// there is no state, so step 0 and its contribution to step 1 depend only on the first token: they are computed once per first
// token, not per row. `recurrent` is the operand that the recurrent kernel, in panels [4P][8P][8], is staged as.
import { LIMIT, P1, P2, P3, P4, Q1, Q2, Q3, Q4, sigmoidOf, tanhOf } from "./activations";
import { product } from "../matrices/gemm";
import { pickRows, pickRowSums } from "../matrices/rows";

/** The arguments of `lstmFirst`. */
// @ts-ignore: decorator
@unmanaged
export class LstmFirstCall {
  count: i32; panels: i32; slotOfFirst: usize; projected: usize; projectedRow: usize; recurrent: i32; zeros: usize;
  gates: usize; cells: usize; tanhs: usize; states: usize; stateRow: usize; recurrentParts: usize;
}

/**
 * Runs step 0 of the tokens whose slots are listed in `slotOfFirst`, int32 [count]: gates [4P][count][8], cells and tanhs
 * [P][count][8], states [count][·], and recurrentParts [4P][count][8], which the states add to the gates of step 1.
 */
export function lstmFirst(call: LstmFirstCall): void {
  const count = call.count, panels = call.panels, slotOfFirst = call.slotOfFirst, projected = call.projected;
  const projectedRow = call.projectedRow, recurrent = call.recurrent, zeros = call.zeros, gates = call.gates;
  const cells = call.cells, tanhs = call.tanhs, states = call.states, stateRow = call.stateRow;
  const recurrentParts = call.recurrentParts;
  const rowBytes: usize = 32 * <usize>count;
  pickRows(projected, 32, projectedRow, slotOfFirst, 4, gates, rowBytes, 32, count, 4 * panels);
  for (let panel: usize = 0; panel < <usize>panels; panel++) {
    const at = panel * rowBytes;
    cellForward(
      false, rowBytes, rowBytes, gates + at, <usize>panels * rowBytes, cells + at, tanhs + at,
      states + 32 * panel, stateRow,
    );
  }
  product(
    zeros, 0, 0, 0, 0, states, 32, stateRow, recurrent, 8 * panels, recurrentParts, rowBytes, 32, count, 4 * panels,
  );
}

/** The arguments of `lstmForward`. */
// @ts-ignore: decorator
@unmanaged
export class LstmForwardCall {
  rows: i32; length: i32; panels: i32; seriesBytes: usize; slots: usize; projected: usize; projectedRow: usize;
  recurrent: i32; firsts: usize; firstCount: i32; firstCells: usize; firstStates: usize; recurrentParts: usize;
  gates: usize; cells: usize; tanhs: usize; states: usize; stateRow: usize;
}

/**
 * Runs steps 1 to `length` - 1 of some rows, after lstmFirst: slots int32 [rows, length], and firsts int32 [rows], the
 * number of each row in lstmFirst's arrays. Of step 0 the cells are filled in, and if it is the last step the states too.
 */
export function lstmForward(call: LstmForwardCall): void {
  const rows = call.rows, length = call.length, panels = call.panels, seriesBytes = call.seriesBytes;
  const slots = call.slots, projected = call.projected, projectedRow = call.projectedRow;
  const recurrent = call.recurrent, firsts = call.firsts, firstCount = call.firstCount;
  const firstCells = call.firstCells, firstStates = call.firstStates, recurrentParts = call.recurrentParts;
  const gates = call.gates, cells = call.cells, tanhs = call.tanhs, stateRow = call.stateRow;
  let states = call.states;
  const rowBytes: usize = 32 * <usize>rows;
  const slotsStride: usize = 4 * <usize>length;
  const firstStride: usize = 32 * <usize>firstCount;
  const stepStates: usize = stateRow * <usize>rows;
  pickRows(firstCells, firstStride, 32, firsts, 4, cells, seriesBytes, 32, rows, panels);
  if (length == 1) pickRows(firstStates, 32, stateRow, firsts, 4, states, 32, stateRow, rows, panels);
  for (let step = 1; step < length; step++) {
    states += stepStates;
    const stepGates = gates + <usize>step * rowBytes;
    const stepSlots = slots + 4 * <usize>step;
    if (step == 1) {
      pickRowSums(
        projected, 32, projectedRow, stepSlots, slotsStride, recurrentParts, firstStride, 32, firsts, 4,
        stepGates, seriesBytes, 32, rows, 4 * panels,
      );
    } else {
      product(
        projected, 32, projectedRow, stepSlots, slotsStride,
        states - stepStates, 32, stateRow, recurrent, 8 * panels, stepGates, seriesBytes, 32, rows, 4 * panels,
      );
    }
    for (let panel: usize = 0; panel < <usize>panels; panel++) {
      const series = panel * seriesBytes + <usize>step * rowBytes;
      cellForward(
        true, rowBytes, rowBytes, gates + series, <usize>panels * seriesBytes, cells + series, tanhs + series,
        states + 32 * panel, stateRow,
      );
    }
  }
}

/** Runs one panel of one step, for the rows in the first `usedBytes` of its `rowBytes`. */
// @ts-ignore: decorator
@inline
export function cellForward(
  hasPast: bool, rowBytes: usize, usedBytes: usize, gate: usize, gateBytes: usize, cell: usize, tanhs: usize,
  state: usize, stateRow: usize,
): void {
  const half = f32x4.splat(0.5), one = f32x4.splat(1), limit = f32x4.splat(LIMIT), least = f32x4.splat(-LIMIT);
  const p1 = f32x4.splat(P1), p2 = f32x4.splat(P2), p3 = f32x4.splat(P3), p4 = f32x4.splat(P4);
  const q1 = f32x4.splat(Q1), q2 = f32x4.splat(Q2), q3 = f32x4.splat(Q3), q4 = f32x4.splat(Q4);
  for (let offset: usize = 0; offset < usedBytes; offset += 16) {
    const pi = gate + offset, pf = pi + gateBytes, pg = pf + gateBytes, po = pg + gateBytes;
    const i = sigmoidOf(v128.load(pi), half, limit, least, one, p1, p2, p3, p4, q1, q2, q3, q4);
    const f = sigmoidOf(v128.load(pf), half, limit, least, one, p1, p2, p3, p4, q1, q2, q3, q4);
    const g = tanhOf(v128.load(pg), limit, least, one, p1, p2, p3, p4, q1, q2, q3, q4);
    const o = sigmoidOf(v128.load(po), half, limit, least, one, p1, p2, p3, p4, q1, q2, q3, q4);
    let c = f32x4.mul(i, g);
    if (hasPast) c = f32x4.relaxed_madd(f, v128.load(cell + offset - rowBytes), c);
    v128.store(pi, i);
    v128.store(pf, f);
    v128.store(pg, g);
    v128.store(po, o);
    v128.store(cell + offset, c);
  }
  // This is a separate loop because tanh c would make the processor wait for the quotients of the gates.
  const output = gate + 3 * gateBytes;
  for (let offset: usize = 0; offset < usedBytes; offset += 16) {
    const t = tanhOf(v128.load(cell + offset), limit, least, one, p1, p2, p3, p4, q1, q2, q3, q4);
    const h = f32x4.mul(v128.load(output + offset), t);
    v128.store(tanhs + offset, t);
    v128.store(state + (offset & 16), h);
    if (offset & 16) state += stateRow;
  }
}
