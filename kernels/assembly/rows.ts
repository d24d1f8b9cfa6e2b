// Rows of panels, picked by number: row r of the result comes from row index[r], an int32 at `index + r · indexStride`.

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
  from: usize, fromStride: usize, index: usize, indexStride: usize,
  other: usize, otherStride: usize, otherIndex: usize, otherIndexStride: usize,
  to: usize, toStride: usize, rows: i32, panels: i32,
): void {
  for (let panel = 0; panel < panels; panel++) {
    let at = index, otherAt = otherIndex;
    for (let target = to, end = to + 32 * <usize>rows; target < end; target += 32) {
      const a = from + 32 * <usize>load<i32>(at), b = other + 32 * <usize>load<i32>(otherAt);
      v128.store(target, f32x4.add(v128.load(a), v128.load(b)));
      v128.store(target, f32x4.add(v128.load(a, 16), v128.load(b, 16)), 16);
      at += indexStride;
      otherAt += otherIndexStride;
    }
    from += fromStride;
    other += otherStride;
    to += toStride;
  }
}
