import { assertEquals } from "@std/assert";
import { align, latest } from "../../../dashboard/charts/plot.ts";

const line = (x: number[], y: number[]) => ({ x: Float64Array.from(x), y: Float64Array.from(y) });

Deno.test("align() joins lines over the union of their positions", () => {
  assertEquals(align([line([1, 2, 4], [10, 20, 40]), line([2, 3], [0.2, 0.3])]), [
    [1, 2, 3, 4],
    [10, 20, null, 40],
    [null, 0.2, 0.3, null],
  ]);
});

Deno.test("align() returns null for unknown values, and empty lines for empty lines", () => {
  assertEquals(align([line([1, 2], [NaN, 5])]), [[1, 2], [null, 5]]);
  assertEquals(align([line([], []), line([], [])]), [[], [], []]);
});

Deno.test("latest() finds the newest value at a place or before it", () => {
  assertEquals(latest([1, null, 3, null], 3), 3);
  assertEquals(latest([1, null, 3, null], 1), 1);
  assertEquals(latest([1, null, 3, null], Infinity), 3);
  assertEquals(latest([null, 2], 0), null);
});
