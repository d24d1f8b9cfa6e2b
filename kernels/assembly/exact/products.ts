// The inner loops of products in the exact modules, in place of those that ../matrices/products.ts declares: for engines without
// structs or without the relaxed instructions. A right operand stays where it was packed: the caller keeps its byte offset.
import { madd } from "./fused";

// @ts-ignore: decorator
@external("products", "operandAt")
declare function operandAt(operand: i32): usize;

/** Writes one row: c = from + a · operand. */
function panelRow(
  from: usize, fromStride: usize, a: usize, aStride: usize, operand: i32, inner: i32, c: usize, cStride: usize, panels: i32,
): void {
  let b = operandAt(operand);
  for (let panel = 0; panel < panels; panel++, from += fromStride, c += cStride) {
    let low = v128.load(from), high = v128.load(from, 16);
    let group = a;
    for (let k = 0; k < inner; k += 8, group += aStride) {
      for (let step: usize = 0; step < 32; step += 4, b += 32) {
        const x = v128.load_splat<f32>(group + step);
        low = madd(x, v128.load(b), low);
        high = madd(x, v128.load(b, 16), high);
      }
    }
    v128.store(c, low);
    v128.store(c, high, 16);
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
    let low = v128.load(c), high = v128.load(c, 16);
    let x = a, b = block + blockStride * panel;
    for (let k = 0; k < steps; k++, x += aRow, b += blockRow) {
      const value = v128.load_splat<f32>(x);
      low = madd(value, v128.load(b), low);
      high = madd(value, v128.load(b, 16), high);
    }
    // Steps up to a multiple of 8 add 0, which makes a sum of -0 a sum of 0.
    const zero = f32x4.splat(0);
    v128.store(c, steps & 7 ? f32x4.add(low, zero) : low);
    v128.store(c, steps & 7 ? f32x4.add(high, zero) : high, 16);
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
