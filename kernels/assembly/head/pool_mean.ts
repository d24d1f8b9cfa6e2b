// Takes the mean of a row's states over its own steps, from starts[row] (int32; without `starts` from 0) to the last.

/** Writes the means [rows][·] (`toRow` bytes a row) of row-major states [length][rows][·]. */
export function poolMean(
  states: usize, stateRow: usize, rows: i32, length: i32, panels: i32, starts: usize,
  to: usize, toRow: usize,
): void {
  const stepBytes = stateRow * <usize>rows;
  for (let row: usize = 0; row < <usize>rows; row++) {
    const start = starts == 0 ? 0 : load<i32>(starts + 4 * row);
    const share = f32x4.splat(<f32>1 / <f32>(length - start));
    for (let panel: usize = 0; panel < <usize>panels; panel++) {
      let low = f32x4.splat(0), high = low;
      let source = states + stateRow * row + 32 * panel + stepBytes * start;
      for (let step = start; step < length; step++, source += stepBytes) {
        low = f32x4.add(low, v128.load(source));
        high = f32x4.add(high, v128.load(source, 16));
      }
      low = f32x4.mul(low, share);
      high = f32x4.mul(high, share);
      const target = to + toRow * row + 32 * panel;
      v128.store(target, low);
      v128.store(target, high, 16);
    }
  }
}

/** Computes the gradients of the states, to[panel][step][row][8] (panels `panelBytes` apart), from those of the means. */
export function poolMeanBackward(
  gradient: usize, rows: i32, length: i32, panels: i32, starts: usize, to: usize, panelBytes: usize,
): void {
  const rowBytes: usize = 32 * <usize>rows;
  for (let panel = 0; panel < panels; panel++, gradient += rowBytes, to += panelBytes) {
    for (let row: usize = 0; row < <usize>rows; row++) {
      const start = starts == 0 ? 0 : load<i32>(starts + 4 * row);
      const share = f32x4.splat(<f32>1 / <f32>(length - start));
      const low = f32x4.mul(v128.load(gradient + 32 * row), share);
      const high = f32x4.mul(v128.load(gradient + 32 * row, 16), share);
      let target = to + 32 * row;
      for (let step = 0; step < length; step++, target += rowBytes) {
        v128.store(target, step < start ? f32x4.splat(0) : low);
        v128.store(target, step < start ? f32x4.splat(0) : high, 16);
      }
    }
  }
}
