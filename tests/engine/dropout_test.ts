import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { DropoutArea, dropoutMasks, dropoutScale, dropoutThreshold, inputArea } from "../../lib/engine/dropout.ts";
import { plainFactor } from "./plain_lstm.ts";

Deno.test("dropoutMasks() keeps the values that the generator's blocks select, in any order", () => {
  for (const rate of [0.1, 0.5, 0.9]) {
    const masks = dropoutMasks({ rate, seed: 5 });
    for (const [draw, area] of [[0, 0], [7, 3], [2 ** 28 - 1, 8]] as const) {
      const mask = masks.at(draw, area);
      for (const element of [9, 0, 8, 100_001, 1]) {
        assertEquals(mask.factor(element), Math.fround(plainFactor({ rate, seed: 5, draw }, area, element)));
      }
    }
  }
});

Deno.test("dropoutMasks() keeps a fraction of 1 - rate, so that the mean stays 1", () => {
  for (const rate of [0.1, 0.25, 0.9]) {
    const mask = dropoutMasks({ rate, seed: 1 }).at(3, 8);
    let sum = 0;
    for (let element = 0; element < 100_000; element++) sum += mask.factor(element);
    assertAlmostEquals(sum / 100_000, 1, 4 * Math.sqrt(rate / (1 - rate) / 100_000)); // 4 standard errors
  }
});

Deno.test("dropoutMasks() differs between areas and draws", () => {
  const masks = dropoutMasks({ rate: 0.5, seed: 1 });
  const seen = new Set<string>();
  for (const draw of [0, 1, 2, 2 ** 33]) {
    for (let area = 0; area <= 8; area++) {
      const mask = masks.at(draw, area);
      seen.add(Array.from({ length: 64 }, (_, element) => Number(mask.factor(element) > 0)).join(""));
    }
  }
  assertEquals(seen.size, 4 * 9);
});

Deno.test("dropoutThreshold() and dropoutScale() are the numbers that kernels use", () => {
  assertEquals([0, 0.5, 0.9].map(dropoutThreshold), [0, 2 ** 31, 3_865_470_566]);
  assertEquals([0, 0.5, 0.75].map(dropoutScale), [1, 2, 4]);
  assertEquals(dropoutScale(0.3), Math.fround(1 / 0.7));
});

Deno.test("inputArea() has an area for each layer from 2 to 8, between embedding and pooled vectors", () => {
  const areas = [2, 3, 4, 5, 6, 7, 8].map(inputArea);
  assertEquals(areas, [1, 2, 3, 4, 5, 6, 7]);
  assert(!areas.includes(DropoutArea.embedding) && !areas.includes(DropoutArea.pooled));
});
