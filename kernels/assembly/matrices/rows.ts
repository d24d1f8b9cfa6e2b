// Picks rows of matrices by number: row r of the result comes from row index[r], an int32 at `index + r · indexStride`.
// gemm.ts says how matrices are described. All panels of a row are read together, because they may be far apart.

/** Returns where row index[r] of the first panel of `from` begins; without `index`, row r. */
// @ts-ignore: decorator
@inline
export function rowAt(from: usize, fromRow: usize, index: usize, indexStride: usize, row: usize): usize {
  return from + fromRow * (index == 0 ? row : <usize>load<i32>(index + row * indexStride));
}

/** to[r] = from[index[r]]; without `index`, from[r]. */
export function pickRows(
  from: usize, fromStride: usize, fromRow: usize, index: usize, indexStride: usize,
  to: usize, toStride: usize, toRow: usize, rows: i32, panels: i32,
): void {
  for (let row: usize = 0; row < <usize>rows; row++, to += toRow) {
    let source = rowAt(from, fromRow, index, indexStride, row), target = to;
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

/** to[panel][n] += from[panel][index[n]], panels `panelBytes` apart in both. */
export function addIndexedRows(
  from: usize, index: usize, count: i32, panels: i32, panelBytes: usize, to: usize,
): void {
  for (let panel = 0; panel < panels; panel++, from += panelBytes, to += panelBytes) {
    for (let n: usize = 0; n < <usize>count; n++) {
      const source = from + 32 * <usize>load<i32>(index + 4 * n), target = to + 32 * n;
      v128.store(target, f32x4.add(v128.load(target), v128.load(source)));
      v128.store(target, f32x4.add(v128.load(target, 16), v128.load(source, 16)), 16);
    }
  }
}
