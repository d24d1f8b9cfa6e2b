// The embedding layer, once per distinct token of the batch ("slot").

/**
 * The vectors of `count` tokens: row-major to[slot][·] (`stride` bytes a row) and in panels toPanels[p][slot][8], whose
 * columns beyond `width` become 0.
 */
export function gatherRows(
  from: usize, width: i32, rows: usize, count: i32, to: usize, stride: usize, toPanels: usize,
): void {
  const panelStride: usize = 32 * <usize>count;
  for (let slot = 0; slot < count; slot++) {
    const source = from + 4 * <usize>load<i32>(rows + 4 * <usize>slot) * <usize>width;
    const target = to + stride * slot;
    let panel = toPanels + 32 * <usize>slot;
    let column = 0;
    for (; column + 8 <= width; column += 8, panel += panelStride) {
      const low = v128.load(source + 4 * <usize>column), high = v128.load(source + 4 * <usize>column, 16);
      v128.store(target + 4 * <usize>column, low);
      v128.store(target + 4 * <usize>column, high, 16);
      v128.store(panel, low);
      v128.store(panel, high, 16);
    }
    if (column < width) {
      v128.store(panel, f32x4.splat(0));
      v128.store(panel, f32x4.splat(0), 16);
      for (let j: usize = 0; j < <usize>(width - column); j++) {
        const value = load<f32>(source + 4 * (<usize>column + j));
        store<f32>(target + 4 * (<usize>column + j), value);
        store<f32>(panel + 4 * j, value);
      }
    }
  }
}

/**
 * sums[panel][slot][8] += values[panel][step][row][8] (panels `seriesBytes` apart) over the rows and steps whose token has
 * that slot: the int32 at `slots + row · slotsStride + 4 step`. Added in order of step, then row.
 */
export function sumByToken(
  values: usize, seriesBytes: usize, panels: i32, rows: i32, steps: i32, slots: usize, slotsStride: usize,
  sums: usize, count: i32,
): void {
  for (let panel = 0; panel < panels; panel++) {
    let value = values;
    for (let step = 0; step < steps; step++) {
      let slot = slots + 4 * <usize>step;
      for (let row = 0; row < rows; row++) {
        const target = sums + 32 * <usize>load<i32>(slot);
        v128.store(target, f32x4.add(v128.load(target), v128.load(value)));
        v128.store(target, f32x4.add(v128.load(target, 16), v128.load(value, 16)), 16);
        value += 32;
        slot += slotsStride;
      }
    }
    values += seriesBytes;
    sums += 32 * <usize>count;
  }
}

/** to[rows[slot]][·] = from[p][slot][8]: the gradient rows of the tokens that occurred. */
export function scatterRows(from: usize, count: i32, rows: usize, to: usize, width: i32): void {
  for (let column = 0; column < width; column += 8) {
    const left = min(8, width - column);
    for (let slot = 0; slot < count; slot++, from += 32) {
      const target = to + 4 * (<usize>load<i32>(rows + 4 * <usize>slot) * <usize>width + <usize>column);
      if (left == 8) {
        v128.store(target, v128.load(from));
        v128.store(target, v128.load(from, 16), 16);
      } else {
        for (let j: usize = 0; j < 4 * <usize>left; j += 4) store<f32>(target + j, load<f32>(from + j));
      }
    }
  }
}
