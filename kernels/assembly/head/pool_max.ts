// Takes the maximum of a row's states over its own steps, from starts[row] (int32; without `starts` from 0) to the last. Of
// equal maxima the one at the lowest position counts: the first step, or the last one backwards.

/**
 * Writes the maxima [rows][·] (`toRow` bytes a row) of row-major states [length][rows][·], and to `winners`, int32
 * [panels][rows][8], the steps that they come from.
 */
export function poolMax(
  states: usize, stateRow: usize, rows: i32, length: i32, panels: i32, starts: usize, backward: bool,
  to: usize, toRow: usize, winners: usize,
): void {
  const rowBytes: usize = 32 * <usize>rows;
  const stepBytes = stateRow * <usize>rows;
  for (let row: usize = 0; row < <usize>rows; row++) {
    const start = starts == 0 ? 0 : load<i32>(starts + 4 * row);
    for (let panel: usize = 0; panel < <usize>panels; panel++) {
      let low = f32x4.splat(-Infinity), high = low;
      let lowStep = i32x4.splat(0), highStep = lowStep;
      const source = states + stateRow * row + 32 * panel;
      for (let count = start; count < length; count++) {
        const step = backward ? start + length - 1 - count : count;
        const at = source + stepBytes * step;
        const steps = i32x4.splat(step);
        const nextLow = v128.load(at), nextHigh = v128.load(at, 16);
        lowStep = v128.bitselect(steps, lowStep, f32x4.gt(nextLow, low));
        highStep = v128.bitselect(steps, highStep, f32x4.gt(nextHigh, high));
        // A maximum and not a select, because NaN must stay.
        low = f32x4.max(low, nextLow);
        high = f32x4.max(high, nextHigh);
      }
      const inPanel = rowBytes * panel + 32 * row;
      v128.store(winners + inPanel, lowStep);
      v128.store(winners + inPanel, highStep, 16);
      const target = to + toRow * row + 32 * panel;
      v128.store(target, low);
      v128.store(target, high, 16);
    }
  }
}

/** Computes the gradients of the states, to[panel][step][row][8] (panels `panelBytes` apart), from those of the maxima. */
export function poolMaxBackward(
  gradient: usize, winners: usize, rows: i32, length: i32, panels: i32, to: usize, panelBytes: usize,
): void {
  const rowBytes: usize = 32 * <usize>rows;
  for (let panel = 0; panel < panels; panel++, gradient += rowBytes, winners += rowBytes, to += panelBytes) {
    for (let step = 0; step < length; step++) {
      const steps = i32x4.splat(step);
      const target = to + rowBytes * step;
      for (let at: usize = 0; at < rowBytes; at += 16) {
        v128.store(target + at, v128.and(v128.load(gradient + at), i32x4.eq(v128.load(winners + at), steps)));
      }
    }
  }
}
