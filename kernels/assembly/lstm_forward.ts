// The LSTM (Hochreiter & Schmidhuber, 1997, with forget gate), forward over all time steps of some rows.
//
//   i, f, g, o = σ, σ, tanh, σ of (x_t · kernel + bias + h_{t-1} · recurrent)     Keras's gate order
//   c_t = f c_{t-1} + i g        h_t = o tanh c_t
//
// Arrays are in panels of eight hidden units, P = ceil(hidden / 8): gates [4P][T][rows][8] (activated), cells and cell
// tanhs [P][T][rows][8], each panel's series of steps `seriesBytes` after the one before, states row-major [T][rows][·] (`stateStride` bytes a row) and, for the product, panels
// [2][P][rows][8] (those of even and of odd steps). The input's part comes per token, projected [4P][slots][8].
import { LIMIT, P1, P2, P3, P4, Q1, Q2, Q3, Q4, sigmoidOf, tanhOf } from "./activations";
import { copyRows, gemm } from "./gemm";

export function lstmForward(
  rows: i32, length: i32, panels: i32, seriesBytes: usize,
  slots: usize, projected: usize, slotCount: i32, recurrent: usize,
  gates: usize, cells: usize, tanhs: usize, states: usize, stateStride: usize, statePanels: usize,
): void {
  const rowBytes: usize = 32 * <usize>rows;
  const inner = 8 * panels;
  const projectedStride: usize = 32 * <usize>slotCount;
  const stateBytes: usize = rowBytes * <usize>panels;
  for (let step = 0; step < length; step++) {
    const before: usize = statePanels + stateBytes * <usize>((step + 1) & 1);
    const after: usize = statePanels + stateBytes * <usize>(step & 1);
    const stepGates = gates + <usize>step * rowBytes;
    const stepSlots = slots + 4 * <usize>step, slotsStride: usize = 4 * <usize>length;
    if (step == 0) {
      copyRows(projected, projectedStride, 0, stepSlots, slotsStride, stepGates, seriesBytes, rows, 4 * panels);
    } else {
      gemm(
        projected, projectedStride, 0, stepSlots, slotsStride,
        before, rowBytes, recurrent, inner, stepGates, seriesBytes, rows, 4 * panels,
      );
    }
    for (let panel = 0; panel < panels; panel++) {
      const series = <usize>panel * seriesBytes + <usize>step * rowBytes;
      cellForward(
        rows, step > 0, rowBytes, gates + series, <usize>panels * seriesBytes, cells + series, tanhs + series,
        states + <usize>step * <usize>rows * stateStride + 32 * <usize>panel, stateStride,
        after + <usize>panel * rowBytes,
      );
    }
  }
}

// @ts-ignore: decorator
@inline
export function cellForward(
  rows: i32, hasPast: bool, rowBytes: usize, gate: usize, gateBytes: usize, cell: usize, tanhs: usize,
  state: usize, stateStride: usize, statePanel: usize,
): void {
  const half = f32x4.splat(0.5), one = f32x4.splat(1), limit = f32x4.splat(LIMIT), least = f32x4.splat(-LIMIT);
  const p1 = f32x4.splat(P1), p2 = f32x4.splat(P2), p3 = f32x4.splat(P3), p4 = f32x4.splat(P4);
  const q1 = f32x4.splat(Q1), q2 = f32x4.splat(Q2), q3 = f32x4.splat(Q3), q4 = f32x4.splat(Q4);
  for (let offset: usize = 0; offset < rowBytes; offset += 16) {
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
  // A loop of its own: behind the gates' quotients, tanh c would leave the processor waiting.
  const output = gate + 3 * gateBytes;
  for (let offset: usize = 0; offset < rowBytes; offset += 16) {
    const t = tanhOf(v128.load(cell + offset), limit, least, one, p1, p2, p3, p4, q1, q2, q3, q4);
    const h = f32x4.mul(v128.load(output + offset), t);
    v128.store(tanhs + offset, t);
    v128.store(statePanel + offset, h);
    v128.store(state + (offset & 16), h);
    if (offset & 16) state += stateStride;
  }
}
