import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { stratifiedSplit, validationCounts } from "../../../lib/data/encode/split.ts";

const rows = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 200 });
const share = fc.double({ min: 0.01, max: 0.9, noNaN: true });
const ones = (split: Uint8Array) => split.reduce((sum, value) => sum + value, 0);

Deno.test("stratifiedSplit() draws the share of every class, and leaves each a row to train on", () => {
  fc.assert(fc.property(rows, share, fc.integer({ min: 0, max: 2 ** 32 - 1 }), (labels, share, seed) => {
    const split = stratifiedSplit(Uint16Array.from(labels), 5, share, seed);
    for (let label = 0; label < 5; label++) {
      const of = labels.flatMap((other, row) => other === label ? [split[row]!] : []);
      const drawn = of.reduce((sum, value) => sum + value, 0);
      assert(of.length === 0 || drawn < of.length, `all ${of.length} rows of class ${label} validate`);
      assert(drawn <= of.length * share + 5, `${drawn} of ${of.length}`);
    }
    const spare = [0, 1, 2, 3, 4].some((label) => labels.filter((other) => other === label).length > 1);
    assertEquals(ones(split) > 0, spare);
  }));
});

Deno.test("stratifiedSplit() draws exactly 10% of two classes, and depends only on the seed", () => {
  const labels = Uint16Array.from({ length: 1000 }, (_, row) => row % 4 === 0 ? 1 : 0);
  const split = stratifiedSplit(labels, 2, 0.1, 1);
  assertEquals(ones(split), 100);
  assertEquals(labels.filter((label, row) => label === 1 && split[row] === 1).length, 25);
  assertEquals(stratifiedSplit(labels, 2, 0.1, 1), split);
  assertNotEquals(stratifiedSplit(labels, 2, 0.1, 2), split);
});

Deno.test("stratifiedSplit() draws evenly from the whole data", () => {
  const split = stratifiedSplit(new Uint16Array(100_000), 1, 0.1, 3);
  for (let part = 0; part < 10; part++) {
    const drawn = ones(split.subarray(10_000 * part, 10_000 * (part + 1)));
    // The standard deviation is 30.
    assert(Math.abs(drawn - 1000) < 150, `${drawn} of part ${part}`);
  }
});

Deno.test("validationCounts() rounds to the right sum, and draws nothing from single rows", () => {
  assertEquals(validationCounts(Uint32Array.of(5, 5, 5, 5), 0.1), Uint32Array.of(1, 0, 1, 0));
  assertEquals(validationCounts(Uint32Array.of(1, 1, 2), 0.1), Uint32Array.of(0, 0, 1));
  assertEquals(validationCounts(Uint32Array.of(1, 1), 0.5), Uint32Array.of(0, 0));
  assertEquals(validationCounts(Uint32Array.of(10, 10), 0), Uint32Array.of(0, 0));
});
