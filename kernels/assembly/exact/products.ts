// The inner loops of products in the exact modules, in place of those that ../matrices/products.ts declares: for engines without
// structs or without the relaxed instructions. A right operand stays where it was packed: the caller keeps its byte offset.
import { madd } from "./fused";

// @ts-ignore: decorator
@external("products", "operandAt")
declare function operandAt(operand: i32): usize;

/** Below this a float32 has fewer bits. */
const LEAST_NORMAL: f64 = 1.1754943508222875e-38;

/** Returns the lanes where rounding `sum` to float32 may differ from rounding the exact sum. */
// @ts-ignore: decorator
@inline
function isDoubtful(sum: v128): v128 {
  const isMiddle = i64x2.eq(v128.and(sum, i64x2.splat(0x1FFFFFFF)), i64x2.splat(0x10000000));
  const isTiny = v128.and(f64x2.lt(f64x2.abs(sum), f64x2.splat(LEAST_NORMAL)), f64x2.ne(sum, f64x2.splat(0)));
  return v128.or(isMiddle, isTiny);
}

/**
 * Writes eight results: c = from + x · b for up to eight steps, whose values are `xStep` and `bStep` bytes apart. Sums in
 * float64 round to the right float32 unless one of them is doubtful: then `madd` computes them all again.
 */
function steps8(from: usize, x: usize, xStep: usize, b: usize, bStep: usize, steps: i32, c: usize): void {
  let s0 = f64x2.promote_low_f32x4(v128.load64_zero(from)), s1 = f64x2.promote_low_f32x4(v128.load64_zero(from, 8));
  let s2 = f64x2.promote_low_f32x4(v128.load64_zero(from, 16)), s3 = f64x2.promote_low_f32x4(v128.load64_zero(from, 24));
  let doubtful = i64x2.splat(0);
  let xAt = x, bAt = b;
  for (let k = 0; k < steps; k++, xAt += xStep, bAt += bStep) {
    const value = f64x2.splat(<f64>load<f32>(xAt));
    s0 = f64x2.add(s0, f64x2.mul(value, f64x2.promote_low_f32x4(v128.load64_zero(bAt))));
    s1 = f64x2.add(s1, f64x2.mul(value, f64x2.promote_low_f32x4(v128.load64_zero(bAt, 8))));
    s2 = f64x2.add(s2, f64x2.mul(value, f64x2.promote_low_f32x4(v128.load64_zero(bAt, 16))));
    s3 = f64x2.add(s3, f64x2.mul(value, f64x2.promote_low_f32x4(v128.load64_zero(bAt, 24))));
    doubtful = v128.or(doubtful, v128.or(v128.or(isDoubtful(s0), isDoubtful(s1)), v128.or(isDoubtful(s2), isDoubtful(s3))));
    s0 = f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(s0));
    s1 = f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(s1));
    s2 = f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(s2));
    s3 = f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(s3));
  }
  if (v128.any_true(doubtful)) return doubtfulSteps(from, x, xStep, b, bStep, steps, c);
  v128.store(c, i64x2.shuffle(f32x4.demote_f64x2_zero(s0), f32x4.demote_f64x2_zero(s1), 0, 2));
  v128.store(c, i64x2.shuffle(f32x4.demote_f64x2_zero(s2), f32x4.demote_f64x2_zero(s3), 0, 2), 16);
}

function doubtfulSteps(from: usize, x: usize, xStep: usize, b: usize, bStep: usize, steps: i32, c: usize): void {
  let low = v128.load(from), high = v128.load(from, 16);
  for (let k = 0; k < steps; k++, x += xStep, b += bStep) {
    const value = v128.load_splat<f32>(x);
    low = madd(value, v128.load(b), low);
    high = madd(value, v128.load(b, 16), high);
  }
  v128.store(c, low);
  v128.store(c, high, 16);
}

/** Writes one row: c = from + a · operand. */
function panelRow(
  from: usize, fromStride: usize, a: usize, aStride: usize, operand: i32, inner: i32, c: usize, cStride: usize, panels: i32,
): void {
  let b = operandAt(operand);
  for (let panel = 0; panel < panels; panel++, from += fromStride, c += cStride) {
    let group = a, at = from;
    for (let k = 0; k < inner; k += 8, group += aStride, b += 256, at = c) steps8(at, group, 4, b, 32, 8, c);
  }
}

export function panelRows1(
  from0: usize, fromStride: usize,
  a: usize, aStride: usize, aRow: usize, operand: i32, inner: i32, c: usize, cStride: usize, cRow: usize, panels: i32,
): void {
  panelRow(from0, fromStride, a, aStride, operand, inner, c, cStride, panels);
}

export function panelRows2(
  from0: usize, from1: usize, fromStride: usize,
  a: usize, aStride: usize, aRow: usize, operand: i32, inner: i32, c: usize, cStride: usize, cRow: usize, panels: i32,
): void {
  panelRow(from0, fromStride, a, aStride, operand, inner, c, cStride, panels);
  panelRow(from1, fromStride, a + aRow, aStride, operand, inner, c + cRow, cStride, panels);
}

export function panelRows3(
  from0: usize, from1: usize, from2: usize, fromStride: usize,
  a: usize, aStride: usize, aRow: usize, operand: i32, inner: i32, c: usize, cStride: usize, cRow: usize, panels: i32,
): void {
  panelRows2(from0, from1, fromStride, a, aStride, aRow, operand, inner, c, cStride, cRow, panels);
  panelRow(from2, fromStride, a + 2 * aRow, aStride, operand, inner, c + 2 * cRow, cStride, panels);
}

export function panelRows4(
  from0: usize, from1: usize, from2: usize, from3: usize, fromStride: usize,
  a: usize, aStride: usize, aRow: usize, operand: i32, inner: i32, c: usize, cStride: usize, cRow: usize, panels: i32,
): void {
  panelRows3(from0, from1, from2, fromStride, a, aStride, aRow, operand, inner, c, cStride, cRow, panels);
  panelRow(from3, fromStride, a + 3 * aRow, aStride, operand, inner, c + 3 * cRow, cStride, panels);
}

export function panelRows5(
  from0: usize, from1: usize, from2: usize, from3: usize, from4: usize, fromStride: usize,
  a: usize, aStride: usize, aRow: usize, operand: i32, inner: i32, c: usize, cStride: usize, cRow: usize, panels: i32,
): void {
  panelRows4(from0, from1, from2, from3, fromStride, a, aStride, aRow, operand, inner, c, cStride, cRow, panels);
  panelRow(from4, fromStride, a + 4 * aRow, aStride, operand, inner, c + 4 * cRow, cStride, panels);
}

export function panelRows6(
  from0: usize, from1: usize, from2: usize, from3: usize, from4: usize, from5: usize, fromStride: usize,
  a: usize, aStride: usize, aRow: usize, operand: i32, inner: i32, c: usize, cStride: usize, cRow: usize, panels: i32,
): void {
  panelRows5(from0, from1, from2, from3, from4, fromStride, a, aStride, aRow, operand, inner, c, cStride, cRow, panels);
  panelRow(from5, fromStride, a + 5 * aRow, aStride, operand, inner, c + 5 * cRow, cStride, panels);
}

/** Where the block is. */
let block: usize, blockStride: usize, blockRow: usize;

export function stageBlock(b: usize, bStride: usize, bRow: usize, steps: i32, panels: i32): void {
  block = b;
  blockStride = bStride;
  blockRow = bRow;
}

export function transposedRows1(a: usize, aRow: usize, steps: i32, c: usize, cStride: usize, panels: i32): void {
  for (let panel = 0; panel < panels; panel++, c += cStride) {
    let x = a, b = block + blockStride * panel;
    for (let left = steps; left > 0; left -= 8, x += 8 * aRow, b += 8 * blockRow) {
      steps8(c, x, aRow, b, blockRow, min(8, left), c);
    }
    // Steps up to a multiple of 8 add 0, which makes a sum of -0 a sum of 0.
    if (steps & 7) {
      v128.store(c, f32x4.add(v128.load(c), f32x4.splat(0)));
      v128.store(c, f32x4.add(v128.load(c, 16), f32x4.splat(0)), 16);
    }
  }
}

export function transposedRows2(a: usize, aRow: usize, steps: i32, c: usize, cStride: usize, panels: i32): void {
  transposedRows1(a, aRow, steps, c, cStride, panels);
  transposedRows1(a + 4, aRow, steps, c + 32, cStride, panels);
}

export function transposedRows3(a: usize, aRow: usize, steps: i32, c: usize, cStride: usize, panels: i32): void {
  transposedRows2(a, aRow, steps, c, cStride, panels);
  transposedRows1(a + 8, aRow, steps, c + 64, cStride, panels);
}

export function transposedRows4(a: usize, aRow: usize, steps: i32, c: usize, cStride: usize, panels: i32): void {
  transposedRows3(a, aRow, steps, c, cStride, panels);
  transposedRows1(a + 12, aRow, steps, c + 96, cStride, panels);
}

export function transposedRows5(a: usize, aRow: usize, steps: i32, c: usize, cStride: usize, panels: i32): void {
  transposedRows4(a, aRow, steps, c, cStride, panels);
  transposedRows1(a + 16, aRow, steps, c + 128, cStride, panels);
}

export function transposedRows6(a: usize, aRow: usize, steps: i32, c: usize, cStride: usize, panels: i32): void {
  transposedRows5(a, aRow, steps, c, cStride, panels);
  transposedRows1(a + 20, aRow, steps, c + 160, cStride, panels);
}
