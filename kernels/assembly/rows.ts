// Rows of panels, picked by number: row r of the result comes from row index[r] (int32s `indexStride` bytes apart).

/** to[panel][r] = from[panel][index[r]]; panels are `fromStride` and `toStride` bytes apart. */
export function pickRows(
  from: usize, fromStride: usize, index: usize, indexStride: usize, to: usize, toStride: usize, rows: i32, panels: i32,
): void {
  for (let panel = 0; panel < panels; panel++) {
    let at = index;
    for (let target = to, end = to + 32 * <usize>rows; target < end; target += 32) {
      const source = from + 32 * <usize>load<i32>(at);
      v128.store(target, v128.load(source));
      v128.store(target, v128.load(source, 16), 16);
      at += indexStride;
    }
    from += fromStride;
    to += toStride;
  }
}

/** to[panel][r] = from[panel][index[r]] + other[panel][otherIndex[r]]. */
export function pickRowSums(
  from: usize, fromStride: usize, index: usize, other: usize, otherStride: usize, otherIndex: usize, indexStride: usize,
  to: usize, toStride: usize, rows: i32, panels: i32,
): void {
  for (let panel = 0; panel < panels; panel++) {
    let at: usize = 0;
    for (let target = to, end = to + 32 * <usize>rows; target < end; target += 32) {
      const a = from + 32 * <usize>load<i32>(index + at), b = other + 32 * <usize>load<i32>(otherIndex + at);
      v128.store(target, f32x4.add(v128.load(a), v128.load(b)));
      v128.store(target, f32x4.add(v128.load(a, 16), v128.load(b, 16)), 16);
      at += indexStride;
    }
    from += fromStride;
    other += otherStride;
    to += toStride;
  }
}

/** to[panel][r] += from[panel][r]. */
export function addRows(from: usize, fromStride: usize, to: usize, toStride: usize, rows: i32, panels: i32): void {
  for (let panel = 0; panel < panels; panel++) {
    for (let at: usize = 0, end: usize = 32 * <usize>rows; at < end; at += 16) {
      v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(from + at)));
    }
    from += fromStride;
    to += toStride;
  }
}
