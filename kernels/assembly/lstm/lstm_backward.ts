// Runs the LSTM backward through time, in the arrays that lstmForward wrote; gates become the gradients of the gates' sums.
import { product } from "../matrices/gemm";

/** The arguments of `lstmBackward`. */
// @ts-ignore: decorator
@unmanaged
export class LstmBackwardCall {
  rows: i32; length: i32; panels: i32; seriesBytes: usize; recurrentT: i32; zeros: usize; gates: usize; cells: usize;
  tanhs: usize; stateGradient: usize; cellGradient: usize;
}

/**
 * Runs steps `length` - 1 to 1. On entry stateGradient [P][rows][8] is the loss's gradient at the last hidden state; it is
 * overwritten. On return cellGradient (same shape) is the gradient at the cells of step 0. recurrentT is the operand
 * that the recurrent kernel's transpose, in panels [P][4 · 8P][8], is staged as; zeros is [8].
 */
export function lstmBackward(call: LstmBackwardCall): void {
  const rows = call.rows, length = call.length, panels = call.panels, seriesBytes = call.seriesBytes;
  const recurrentT = call.recurrentT, zeros = call.zeros, gates = call.gates, cells = call.cells;
  const tanhs = call.tanhs, stateGradient = call.stateGradient, cellGradient = call.cellGradient;
  const rowBytes: usize = 32 * <usize>rows;
  memory.fill(cellGradient, 0, <usize>panels * rowBytes);
  for (let step = length - 1; step > 0; step--) {
    for (let panel = 0; panel < panels; panel++) {
      const series = <usize>panel * seriesBytes + <usize>step * rowBytes;
      cellBackward(
        true, rowBytes, rowBytes, gates + series, <usize>panels * seriesBytes, cells + series, tanhs + series,
        stateGradient + <usize>panel * rowBytes, cellGradient + <usize>panel * rowBytes,
      );
    }
    if (step == 1) break;
    product(
      zeros, 0, 0, 0, 0, gates + <usize>step * rowBytes, seriesBytes, 32, recurrentT, 32 * panels,
      stateGradient, rowBytes, 32, rows, panels,
    );
  }
}

/** The arguments of `lstmFirstBackward`. */
// @ts-ignore: decorator
@unmanaged
export class LstmFirstBackwardCall {
  count: i32; panels: i32; recurrentT: i32; gateSums: usize; gates: usize; cells: usize; tanhs: usize;
  stateGradient: usize; cellGradient: usize;
}

/**
 * Runs step 0 of `count` first tokens. On entry gateSums [4P][count][8] are the gradients of step 1's gates and cellGradient
 * [P][count][8] those at step 0's cells, both summed by first token. stateGradient [P][count][8] is added to.
 */
export function lstmFirstBackward(call: LstmFirstBackwardCall): void {
  const count = call.count, panels = call.panels, recurrentT = call.recurrentT, gateSums = call.gateSums;
  const gates = call.gates, cells = call.cells, tanhs = call.tanhs, stateGradient = call.stateGradient;
  const cellGradient = call.cellGradient;
  const rowBytes: usize = 32 * <usize>count;
  product(
    stateGradient, rowBytes, 32, 0, 0, gateSums, rowBytes, 32, recurrentT, 32 * panels,
    stateGradient, rowBytes, 32, count, panels,
  );
  for (let panel = 0; panel < panels; panel++) {
    const at = <usize>panel * rowBytes;
    cellBackward(
      false, rowBytes, rowBytes, gates + at, <usize>panels * rowBytes, cells + at, tanhs + at,
      stateGradient + at, cellGradient + at,
    );
  }
}

/** Runs one panel of one step, for the rows in the first `usedBytes` of its `rowBytes`. */
// @ts-ignore: decorator
@inline
export function cellBackward(
  hasPast: bool, rowBytes: usize, usedBytes: usize, gate: usize, gateBytes: usize, cell: usize, tanhs: usize,
  stateGradient: usize, cellGradient: usize,
): void {
  const one = f32x4.splat(1);
  for (let offset: usize = 0; offset < usedBytes; offset += 16) {
    const pi = gate + offset, pf = pi + gateBytes, pg = pf + gateBytes, po = pg + gateBytes;
    const i = v128.load(pi), f = v128.load(pf), g = v128.load(pg), o = v128.load(po);
    const t = v128.load(tanhs + offset);
    const dh = v128.load(stateGradient + offset);
    const past = hasPast ? v128.load(cell + offset - rowBytes) : f32x4.splat(0);
    // dL/dc = dh · o · (1 - tanh² c) + the gradient from the next step.
    const dho = f32x4.mul(dh, o);
    const dc = f32x4.relaxed_madd(dho, f32x4.relaxed_nmadd(t, t, one), v128.load(cellGradient + offset));
    const dci = f32x4.mul(dc, i);
    const dcf = f32x4.mul(dc, f);
    // σ' = σ (1 - σ), tanh' = 1 - tanh².
    v128.store(pi, f32x4.mul(f32x4.mul(dci, g), f32x4.sub(one, i)));
    v128.store(pf, f32x4.mul(f32x4.mul(dcf, past), f32x4.sub(one, f)));
    v128.store(pg, f32x4.mul(dci, f32x4.relaxed_nmadd(g, g, one)));
    v128.store(po, f32x4.mul(f32x4.mul(dho, t), f32x4.sub(one, o)));
    v128.store(cellGradient + offset, dcf);
  }
}
