// Computes matrix products on panels, in float32.
//
// A panel is eight columns of a matrix, and a matrix of n columns is ceil(n / 8) panels. It is described by its byte
// offset (a), the bytes from panel to panel (aStride) and those from row to row (aRow). In panels, A[panels][rows][8], these
// are 32 · rows and 32; row-major, A[rows][·], they are 32 and the bytes of a row.
//
// Rows are cut into tiles of nearly equal height, at most 6. Each result is one chain of fused multiply-adds in order of the
// inner index, for any tiling, so its error is at most inner · 2^-24 · Σ|a b|.
import {
  panelRows1, panelRows2, panelRows3, panelRows4, panelRows5, panelRows6, stageBlock,
  transposedRows1, transposedRows2, transposedRows3, transposedRows4, transposedRows5, transposedRows6,
} from "./products";
import { rowAt } from "./rows";

/**
 * C[rows, 8 · panels] = F + A[rows, inner] · B[panels][inner][8], inner a positive multiple of 8. B is staged as `operand`.
 * F's row for row r is number `index[r]` (int32s `indexStride` bytes apart), or number r without `index`; if `fromRow` is 0,
 * F has only one row (a bias).
 */
export function product(
  from: usize, fromStride: usize, fromRow: usize, index: usize, indexStride: usize,
  a: usize, aStride: usize, aRow: usize, operand: i32, inner: i32,
  c: usize, cStride: usize, cRow: usize, rows: i32, panels: i32,
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
    if (tileRows == 6) panelRows6(f0, f1, f2, f3, f4, f5, fromStride, a, aStride, aRow, operand, inner, c, cStride, cRow, panels);
    else if (tileRows == 5) panelRows5(f0, f1, f2, f3, f4, fromStride, a, aStride, aRow, operand, inner, c, cStride, cRow, panels);
    else if (tileRows == 4) panelRows4(f0, f1, f2, f3, fromStride, a, aStride, aRow, operand, inner, c, cStride, cRow, panels);
    else if (tileRows == 3) panelRows3(f0, f1, f2, fromStride, a, aStride, aRow, operand, inner, c, cStride, cRow, panels);
    else if (tileRows == 2) panelRows2(f0, f1, fromStride, a, aStride, aRow, operand, inner, c, cStride, cRow, panels);
    else panelRows1(f0, fromStride, a, aStride, aRow, operand, inner, c, cStride, cRow, panels);
    a += aRow * <usize>tileRows;
    c += cRow * <usize>tileRows;
    row += tileRows;
  }
}

/** The arguments of `gemm`, which are those of `product`. */
// @ts-ignore: decorator
@unmanaged
export class GemmCall {
  from: usize; fromStride: usize; fromRow: usize; index: usize; indexStride: usize;
  a: usize; aStride: usize; aRow: usize; operand: i32; inner: i32;
  c: usize; cStride: usize; cRow: usize; rows: i32; panels: i32;
}

/** Calls `product`, for callers outside the module. */
export function gemm(call: GemmCall): void {
  product(
    call.from, call.fromStride, call.fromRow, call.index, call.indexStride,
    call.a, call.aStride, call.aRow, call.operand, call.inner, call.c, call.cStride, call.cRow, call.rows, call.panels,
  );
}

/** Inner steps that are staged at a time: at most those that the block holds. */
const INNER_BLOCK = 128;

/**
 * C[panels][rows][8] += Aᵀ · B with A[inner, rows] row-major and B[inner, 8 · panels]: the gradient of a kernel with the inputs
 * A and the output gradients B.
 */
export function accumulateProducts(
  a: usize, aRow: usize, b: usize, bStride: usize, bRow: usize, inner: i32, c: usize, rows: i32, panels: i32,
): void {
  for (; inner > 0; inner -= INNER_BLOCK) {
    const steps = min(INNER_BLOCK, inner);
    stageBlock(b, bStride, bRow, steps, panels);
    blockProducts(a, aRow, steps, c, rows, panels);
    a += aRow * steps;
    b += bRow * steps;
  }
}

/** Adds the product with the staged block. */
function blockProducts(a: usize, aRow: usize, steps: i32, c: usize, rows: i32, panels: i32): void {
  const tiles = (rows + 5) / 6;
  const cStride: usize = 32 * <usize>rows;
  const height = rows / tiles;
  const taller = rows - tiles * height;
  for (let tile = 0; tile < tiles; tile++) {
    const tileRows = height + i32(tile < taller);
    if (tileRows == 6) transposedRows6(a, aRow, steps, c, cStride, panels);
    else if (tileRows == 5) transposedRows5(a, aRow, steps, c, cStride, panels);
    else if (tileRows == 4) transposedRows4(a, aRow, steps, c, cStride, panels);
    else if (tileRows == 3) transposedRows3(a, aRow, steps, c, cStride, panels);
    else if (tileRows == 2) transposedRows2(a, aRow, steps, c, cStride, panels);
    else transposedRows1(a, aRow, steps, c, cStride, panels);
    a += 4 * <usize>tileRows;
    c += 32 * <usize>tileRows;
  }
}
