// Handles padded rows: each ends at the last step, and begins at step starts[row] (int32).

/**
 * Returns how many rows a kernel must process in `step`: all up to the last that has begun. If longer rows come first, these
 * are exactly the rows that have begun. Without `starts` it is all rows.
 */
// @ts-ignore: decorator
@inline
export function rowsBegun(step: i32, rows: i32, starts: usize): i32 {
  if (starts == 0) return rows;
  while (rows > 0 && load<i32>(starts + 4 * <usize>(rows - 1)) > step) rows--;
  return rows;
}

/** Sets gates, cells, tanhs and states of one step to 0 in the rows that begin after it. */
export function clearPadding(
  step: i32, rows: i32, panels: i32, seriesBytes: usize, starts: usize,
  gates: usize, cells: usize, tanhs: usize, states: usize, stateRow: usize,
): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    if (load<i32>(starts + 4 * row) <= step) continue;
    clear(gates + 32 * row, seriesBytes, 4 * panels);
    clear(cells + 32 * row, seriesBytes, panels);
    clear(tanhs + 32 * row, seriesBytes, panels);
    clear(states + row * stateRow, 32, panels);
  }
}

/** Sets `count` panel rows, `stride` bytes apart, to 0. */
// @ts-ignore: decorator
@inline
function clear(at: usize, stride: usize, count: i32): void {
  for (let i = 0; i < count; i++, at += stride) {
    v128.store(at, f32x4.splat(0));
    v128.store(at, f32x4.splat(0), 16);
  }
}

/**
 * Finds the other direction's step of each (step, row): to[step · rows + row] = step' · rows + row, where row's position at `step`
 * in one direction is the one at `step'` in the other. Padding keeps its place.
 */
export function mirrorSteps(rows: i32, length: i32, starts: usize, to: usize): void {
  for (let step = 0; step < length; step++) {
    for (let row = 0; row < rows; row++, to += 4) {
      const start = starts == 0 ? 0 : load<i32>(starts + 4 * <usize>row);
      const other = step < start ? step : start + length - 1 - step;
      store<i32>(to, other * rows + row);
    }
  }
}

/**
 * Finds the batch's position of each (step, row): to[step · rows + row] = (first + row) · batchLength + position. In padding it is
 * any position of the row.
 */
export function stepPositions(
  rows: i32, length: i32, starts: usize, first: i32, batchLength: i32, backward: bool, to: usize,
): void {
  for (let step = 0; step < length; step++) {
    for (let row = 0; row < rows; row++, to += 4) {
      const start = starts == 0 ? 0 : load<i32>(starts + 4 * <usize>row);
      const position = backward ? length - 1 - step : max(0, step - start);
      store<i32>(to, (first + row) * batchLength + position);
    }
  }
}
