// The LSTM (Hochreiter & Schmidhuber, 1997, with forget gate), forward over all time steps of some rows.
//
//   i, f, g, o = σ, σ, tanh, σ of (x_t · kernel + bias + h_{t-1} · recurrent)     Keras's gate order
//   c_t = f c_{t-1} + i g        h_t = o tanh c_t
//
// Arrays are in panels of eight hidden units, P = ceil(hidden / 8): gates [4P][T][rows][8] (activated), cells and cell
// tanhs [P][T][rows][8], states row-major [T][rows][·] (`stateStride` bytes a row) and, for the product, panels
// [2][P][rows][8] (those of even and of odd steps). The input's part comes per token, projected [4P][slots][8].
import { tanh4, sigmoid4 } from "./activations";
import { gemm } from "./gemm";

export function lstmForward(
  rows: i32, length: i32, panels: i32,
  slots: usize, projected: usize, slotCount: i32, recurrent: usize,
  gates: usize, cells: usize, tanhs: usize, states: usize, stateStride: usize, statePanels: usize,
): void {
  const rowBytes: usize = 32 * <usize>rows;
  const seriesBytes: usize = rowBytes * <usize>length;
  const inner = 8 * panels;
  const kernelBytes: usize = 32 * <usize>inner;
  const stateBytes: usize = rowBytes * <usize>panels;
  for (let step = 0; step < length; step++) {
    const before: usize = statePanels + stateBytes * <usize>((step + 1) & 1);
    const after: usize = statePanels + stateBytes * <usize>(step & 1);
    for (let panel = 0; panel < panels; panel++) {
      for (let gate = 0; gate < 4; gate++) {
        const column = <usize>(gate * panels + panel);
        const target = gates + column * seriesBytes + <usize>step * rowBytes;
        gatherProjected(projected + column * 32 * <usize>slotCount, slots + 4 * <usize>step, length, target, rows);
        if (step > 0) gemm(before, rowBytes, recurrent + column * kernelBytes, inner, target, rows);
      }
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
function gatherProjected(projected: usize, slots: usize, length: i32, target: usize, rows: i32): void {
  for (let end = target + 32 * <usize>rows; target < end; target += 32, slots += 4 * <usize>length) {
    const source = projected + 32 * <usize>load<i32>(slots);
    v128.store(target, v128.load(source));
    v128.store(target, v128.load(source, 16), 16);
  }
}

// @ts-ignore: decorator
@inline
function cellForward(
  rows: i32, hasPast: bool, rowBytes: usize, gate: usize, gateBytes: usize, cell: usize, tanhs: usize,
  state: usize, stateStride: usize, statePanel: usize,
): void {
  for (let offset: usize = 0; offset < rowBytes; offset += 16) {
    const pi = gate + offset, pf = pi + gateBytes, pg = pf + gateBytes, po = pg + gateBytes;
    const i = sigmoid4(v128.load(pi));
    const f = sigmoid4(v128.load(pf));
    const g = tanh4(v128.load(pg));
    const o = sigmoid4(v128.load(po));
    let c = f32x4.mul(i, g);
    if (hasPast) c = f32x4.relaxed_madd(f, v128.load(cell + offset - rowBytes), c);
    const t = tanh4(c);
    const h = f32x4.mul(o, t);
    v128.store(pi, i);
    v128.store(pf, f);
    v128.store(pg, g);
    v128.store(po, o);
    v128.store(cell + offset, c);
    v128.store(tanhs + offset, t);
    v128.store(statePanel + offset, h);
    v128.store(state + (offset & 16), h);
    if (offset & 16) state += stateStride;
  }
}
