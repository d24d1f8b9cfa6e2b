/** Lists of rows, as the simd engine's kernels take them. */
import type { SimdScratch } from "./scratch.ts";

/** How many rows fit into the scratch memory at once. */
export const SOME_ROWS = 1024;

/** Calls `use` with `rows` where they lie, or, where that is outside the memory, with copies of some at a time. */
export function eachRowList(
  { buffer }: WebAssembly.Memory,
  { someRows }: SimdScratch,
  rows: Int32Array,
  use: (at: number, count: number) => void,
): void {
  if (rows.buffer === buffer) return use(rows.byteOffset, rows.length);
  for (let first = 0; first < rows.length; first += SOME_ROWS) {
    const some = rows.subarray(first, first + SOME_ROWS);
    new Int32Array(buffer, someRows, some.length).set(some);
    use(someRows, some.length);
  }
}
