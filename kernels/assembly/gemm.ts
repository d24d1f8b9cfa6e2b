// Matrix products on panels, float32.
//
// A panel holds eight columns of a matrix, row after row: [rows][8], 32 bytes a row. A matrix of n columns is ceil(n / 8)
// panels. Rows are cut into tiles of nearly equal height, at most 6. Each result is one chain of fused multiply-adds in
// order of the inner index, whatever the tiling, so its error is at most inner · 2^-24 · Σ|a b|.
import {
  panelRows1, panelRows2, panelRows3, panelRows4, panelRows5, panelRows6, stageBlock,
  transposedRows1, transposedRows2, transposedRows3, transposedRows4, transposedRows5, transposedRows6,
} from "./products";

/** Where row r of the first panel of `from` begins: the rows are listed in `index`, or else `fromRow` bytes apart. */
// @ts-ignore: decorator
@inline
function rowAt(from: usize, fromRow: usize, index: usize, indexStride: usize, row: usize): usize {
  return index == 0 ? from + row * fromRow : from + 32 * <usize>load<i32>(index + row * indexStride);
}

/**
 * C[panels][rows][8] = F + A[rows, inner] · B[panels][inner][8], inner a positive multiple of 8. B is staged as `operand`.
 *
 * A is in panels `aStride` bytes apart, C in panels `cStride` apart. F is in panels `fromStride` apart; its row for row r
 * is number `index[r]` (int32s `indexStride` bytes apart), or without `index` begins `fromRow` · r bytes after the first:
 * 0 takes one row for all (a bias), 32 takes row r.
 */
export function gemm(
  from: usize, fromStride: usize, fromRow: usize, index: usize, indexStride: usize,
  a: usize, aStride: usize, operand: i32, inner: i32, c: usize, cStride: usize, rows: i32, panels: i32,
): void {
  const tiles = (rows + 5) / 6;
  if (tiles == 0) return;
  const height = rows / tiles;
  const taller = rows - tiles * height;
  let row: usize = 0;
  for (let tile = 0; tile < tiles; tile++) {
    const tileRows = height + i32(tile < taller);
    const f0 = rowAt(from, fromRow, index, indexStride, row);
    const f1 = tileRows > 1 ? rowAt(from, fromRow, index, indexStride, row + 1) : 0;
    const f2 = tileRows > 2 ? rowAt(from, fromRow, index, indexStride, row + 2) : 0;
    const f3 = tileRows > 3 ? rowAt(from, fromRow, index, indexStride, row + 3) : 0;
    const f4 = tileRows > 4 ? rowAt(from, fromRow, index, indexStride, row + 4) : 0;
    const f5 = tileRows > 5 ? rowAt(from, fromRow, index, indexStride, row + 5) : 0;
    if (tileRows == 6) panelRows6(f0, f1, f2, f3, f4, f5, fromStride, a, aStride, operand, inner, c, cStride, panels);
    else if (tileRows == 5) panelRows5(f0, f1, f2, f3, f4, fromStride, a, aStride, operand, inner, c, cStride, panels);
    else if (tileRows == 4) panelRows4(f0, f1, f2, f3, fromStride, a, aStride, operand, inner, c, cStride, panels);
    else if (tileRows == 3) panelRows3(f0, f1, f2, fromStride, a, aStride, operand, inner, c, cStride, panels);
    else if (tileRows == 2) panelRows2(f0, f1, fromStride, a, aStride, operand, inner, c, cStride, panels);
    else panelRows1(f0, fromStride, a, aStride, operand, inner, c, cStride, panels);
    a += 32 * <usize>tileRows;
    c += 32 * <usize>tileRows;
    row += tileRows;
  }
}

/**
 * C[panels][rows][8] = bias + A · B[panels][inner][8] with bias [panels][8] for every row; A in panels of `rows` rows, B
 * staged as `operand`.
 */
export function affine(a: usize, rows: i32, inner: i32, operand: i32, bias: usize, panels: i32, c: usize): void {
  const stride: usize = 32 * <usize>rows;
  gemm(bias, 32, 0, 0, 0, a, stride, operand, inner, c, stride, rows, panels);
}

/** Inner steps that are staged at a time: at most what the block holds. */
const INNER_BLOCK = 128;

/**
 * C[panels][rows][8] += Aᵀ · B with A[inner, rows] row-major (`aStride` bytes a row) and panels of B `bStride` bytes
 * apart: a kernel's gradient, A its inputs and B the gradients of its outputs.
 */
export function accumulateProducts(
  a: usize, aStride: usize, b: usize, bStride: usize, inner: i32, c: usize, rows: i32, panels: i32,
): void {
  for (; inner > 0; inner -= INNER_BLOCK) {
    const steps = min(INNER_BLOCK, inner);
    stageBlock(b, bStride, steps, panels);
    blockProducts(a, aStride, steps, c, rows, panels);
    a += aStride * steps;
    b += 32 * <usize>steps;
  }
}

/** Of the block that is staged. */
function blockProducts(a: usize, aStride: usize, steps: i32, c: usize, rows: i32, panels: i32): void {
  const tiles = (rows + 5) / 6;
  const cStride: usize = 32 * <usize>rows;
  const height = rows / tiles;
  const taller = rows - tiles * height;
  for (let tile = 0; tile < tiles; tile++) {
    const tileRows = height + i32(tile < taller);
    if (tileRows == 6) transposedRows6(a, aStride, steps, c, cStride, panels);
    else if (tileRows == 5) transposedRows5(a, aStride, steps, c, cStride, panels);
    else if (tileRows == 4) transposedRows4(a, aStride, steps, c, cStride, panels);
    else if (tileRows == 3) transposedRows3(a, aStride, steps, c, cStride, panels);
    else if (tileRows == 2) transposedRows2(a, aStride, steps, c, cStride, panels);
    else transposedRows1(a, aStride, steps, c, cStride, panels);
    a += 4 * <usize>tileRows;
    c += 32 * <usize>tileRows;
  }
}
