/**
 * Defines the structs that stage the operands of matrix products, as WebAssembly text: products.ts says why. A struct has
 * eight steps of the inner dimension and links to the next one.
 */
import { add, each, get, int } from "./wasm_text.ts";

/** Rows of the tallest tile: 12 accumulators, two vectors of B and one of A fill the 15 registers V8 gives out on x64. */
export const TILE_ROWS = 6;
/** Steps of the inner dimension in a struct. */
export const STEPS = 8;
/** Structs that the left operand is staged in at once: 128 steps, 12 KiB of the first-level cache. */
export const GROUPS = 16;

export const ZERO = "(v128.const i32x4 0 0 0 0)";

/** Returns how many structs hold `steps`. */
export const groupsOf = (steps: string): string => `(i32.shr_u ${add(steps, int(STEPS - 1))} ${int(3)})`;

/**
 * Defines a struct of vectors that links to the next one, and an array of them. An extra word makes its size a multiple of 16
 * and aligns its vectors: otherwise one in four would cross cache lines, which costs 3 to 10 %.
 */
export const structType = (name: string, count: number): string => `
  (type $${name} (struct (field $next (mut (ref null $${name}))) (field i64) ${
  each(count, () => "(field (mut v128))")
}))
  (type $${name}s (array (mut (ref $${name}))))`;
export const leftField = (row: number, step: number): number => 2 + TILE_ROWS * step + row;
export const rightField = (half: number, step: number): number => 2 + 2 * step + half;

/** Links the struct before number `index` of an array, if there is one, to it. */
export const link = (type: string, array: string): string => `
  (if ${get("index")} (then (struct.set $${type} $next
    (array.get $${type}s ${array} (i32.sub ${get("index")} ${int(1)}))
    (array.get $${type}s ${array} ${get("index")}))))`;
