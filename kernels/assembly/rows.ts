// Rows of matrices, picked by number: row r of the result comes from row index[r], an int32 at `index + r · indexStride`.
// gemm.ts says how matrices are told; of a row whose numbers are far apart, all panels are read in one go.

/** to[r] = from[index[r]]. */
export function pickRows(
  from: usize, fromStride: usize, fromRow: usize, index: usize, indexStride: usize,
  to: usize, toStride: usize, toRow: usize, rows: i32, panels: i32,
): void {
  for (let row = 0; row < rows; row++, index += indexStride, to += toRow) {
    let source = from + fromRow * <usize>load<i32>(index), target = to;
    for (let panel = 0; panel < panels; panel++, source += fromStride, target += toStride) {
      v128.store(target, v128.load(source));
      v128.store(target, v128.load(source, 16), 16);
    }
  }
}

/** to[r] = from[index[r]] + other[otherIndex[r]]. */
export function pickRowSums(
  from: usize, fromStride: usize, fromRow: usize, index: usize, indexStride: usize,
  other: usize, otherStride: usize, otherRow: usize, otherIndex: usize, otherIndexStride: usize,
  to: usize, toStride: usize, toRow: usize, rows: i32, panels: i32,
): void {
  for (let row = 0; row < rows; row++, index += indexStride, otherIndex += otherIndexStride, to += toRow) {
    let a = from + fromRow * <usize>load<i32>(index), b = other + otherRow * <usize>load<i32>(otherIndex), target = to;
    for (let panel = 0; panel < panels; panel++, a += fromStride, b += otherStride, target += toStride) {
      v128.store(target, f32x4.add(v128.load(a), v128.load(b)));
      v128.store(target, f32x4.add(v128.load(a, 16), v128.load(b, 16)), 16);
    }
  }
}
