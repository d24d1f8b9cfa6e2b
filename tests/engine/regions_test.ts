import { assertEquals } from "@std/assert";
import { LINE_BYTES, Regions, wholeLines } from "../../lib/engine/regions.ts";

Deno.test("Regions.place() puts areas one after another, each at the start of a cache line", () => {
  const regions = new Regions(2 * LINE_BYTES);
  assertEquals(regions.place({ a: 1, none: 0, b: LINE_BYTES + 1 }), { a: 128, none: 192, b: 192 });
  assertEquals(regions.place({ c: LINE_BYTES }), { c: 320 });
  assertEquals(regions.end, 384);
});

Deno.test("wholeLines() rounds up to cache lines", () => {
  assertEquals([0, 1, 64, 65].map(wholeLines), [0, 64, 64, 128]);
});
