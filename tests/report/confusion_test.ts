import { assertAlmostEquals, assertEquals } from "@std/assert";
import { bySimilarity, cellsOf, worstMixups } from "../../lib/report/confusion.ts";

const CONFUSION = [[75, 25, 0], [0, 0, 0], [1, 3, 4]];

Deno.test("cellsOf() returns shares of each row, 0 for a class without rows", () => {
  const cells = cellsOf(CONFUSION);
  assertEquals(cells.map((row) => row.map(({ share }) => share)), [[0.75, 0.25, 0], [0, 0, 0], [0.125, 0.375, 0.5]]);
  assertEquals(cells.map((row) => row.map(({ right }) => right)), [[true, false, false], [false, true, false], [
    false,
    false,
    true,
  ]]);
  assertAlmostEquals(cells[0]?.[1]?.shade ?? NaN, 0.5, 1e-12);
});

Deno.test("worstMixups() lists the pairs with the most rows, without correct and empty cells", () => {
  assertEquals(worstMixups(CONFUSION, 2), [{ label: 0, given: 1, rows: 25 }, { label: 2, given: 1, rows: 3 }]);
  assertEquals(worstMixups(CONFUSION, 9).length, 3);
  assertEquals(worstMixups([[5]], 9), []);
});

Deno.test("bySimilarity() puts classes that are confused beside each other, each class once", () => {
  const confusion = [[9, 0, 0, 4], [0, 9, 1, 0], [0, 1, 9, 0], [5, 0, 0, 9]];
  assertEquals(bySimilarity(confusion), [0, 3, 1, 2]);
  assertEquals(bySimilarity([]), []);
});
