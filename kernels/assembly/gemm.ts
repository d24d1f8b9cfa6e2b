// Matrix products C += A · B on panels, float32.
//
// A panel holds eight columns of a matrix, row after row: [rows][8], 32 bytes a row. A matrix of n columns is ceil(n / 8)
// panels. B and C are single panels here; the caller goes through the panels. Rows are cut into tiles of nearly equal
// height, at most 6. Each result is one chain of fused multiply-adds in order of the inner index, whatever the tiling.
import { panelTile, transposedTile } from "./tiles";

/**
 * C[rows, 8] += A[rows, inner] · B[inner, 8], inner a multiple of 8. A is in panels `aStride` bytes apart.
 */
export function gemm(a: usize, aStride: usize, b: usize, inner: i32, c: usize, rows: i32): void {
  const tiles = (rows + 5) / 6;
  if (tiles == 0) return;
  const height = rows / tiles;
  const taller = rows - tiles * height;
  const bEnd = b + 32 * <usize>inner;
  for (let tile = 0; tile < tiles; tile++) {
    const tileRows = height + i32(tile < taller);
    panelTile(tileRows, a, aStride, b, bEnd, c);
    a += 32 * <usize>tileRows;
    c += 32 * <usize>tileRows;
  }
}

/**
 * C[rows, 8] += Aᵀ · B[inner, 8] with A[inner, rows] row-major, `aStride` bytes from row to row.
 */
export function gemmTransposed(a: usize, aStride: usize, b: usize, inner: i32, c: usize, rows: i32): void {
  const tiles = (rows + 5) / 6;
  if (tiles == 0) return;
  const height = rows / tiles;
  const taller = rows - tiles * height;
  const bEnd = b + 32 * <usize>inner;
  for (let tile = 0; tile < tiles; tile++) {
    const tileRows = height + i32(tile < taller);
    transposedTile(tileRows, a, aStride, b, bEnd, c);
    a += 4 * <usize>tileRows;
    c += 32 * <usize>tileRows;
  }
}

/** C[panels][rows][8] = bias + A · B[panels][inner][8] with bias [panels][8] for every row; A in panels of `rows` rows. */
export function affine(a: usize, rows: i32, inner: i32, b: usize, bias: usize, panels: i32, c: usize): void {
  for (let panel = 0; panel < panels; panel++) {
    const low = v128.load(bias), high = v128.load(bias, 16);
    for (let row = c, end = c + 32 * <usize>rows; row < end; row += 32) {
      v128.store(row, low);
      v128.store(row, high, 16);
    }
    gemm(a, 32 * <usize>rows, b, inner, c, rows);
    bias += 32;
    b += 32 * <usize>inner;
    c += 32 * <usize>rows;
  }
}

/** Inner steps done at a time in `accumulateProducts`: what keeps that part of A and of a panel of B in the L1 cache. */
const INNER_BLOCK = 256;

/**
 * C[panels][rows][8] += Aᵀ · B with A[inner, rows] row-major (`aStride` bytes a row) and panels of B `bStride` bytes
 * apart: a kernel's gradient, A its inputs and B the gradients of its outputs.
 */
export function accumulateProducts(
  a: usize, aStride: usize, b: usize, bStride: usize, inner: i32, c: usize, rows: i32, panels: i32,
): void {
  for (let k = 0; k < inner; k += INNER_BLOCK) {
    const block = min(INNER_BLOCK, inner - k);
    for (let panel: usize = 0; panel < <usize>panels; panel++) {
      gemmTransposed(a, aStride, b + panel * bStride, block, c + panel * 32 * <usize>rows, rows);
    }
    a += aStride * block;
    b += 32 * <usize>block;
  }
}
