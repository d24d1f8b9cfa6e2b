import { assertAlmostEquals, assertEquals } from "@std/assert";
import { bySimilarity, matrixOf, worstMixups, wrongRows } from "../../../lib/report/evaluation/confusion.ts";

const CONFUSION = [[75, 25, 0], [0, 0, 0], [1, 3, 4]];

Deno.test("matrixOf() has the cells with rows, their shares, and the empty cells between them", () => {
  const { order, rows } = matrixOf(CONFUSION, false);
  assertEquals(order, [0, 1, 2]);
  assertEquals(rows.map(({ cells }) => cells.map(({ given, gap, share }) => [given, gap, share])), [
    [[0, 0, 0.75], [1, 0, 0.25]],
    [],
    [[0, 0, 0.125], [1, 0, 0.375], [2, 0, 0.5]],
  ]);
  assertEquals(rows.map(({ rest }) => rest), [1, 3, 0]);
  assertAlmostEquals(rows[0]?.cells[1]?.shade ?? NaN, 0.5, 1e-12);
  const sparse = matrixOf([[9, 0, 0, 4], [0, 9, 1, 0], [0, 1, 9, 0], [5, 0, 0, 9]], true);
  assertEquals(sparse.order, [0, 3, 1, 2]);
  assertEquals(sparse.rows[2]?.cells.map(({ given, gap }) => [given, gap]), [[1, 2], [2, 0]]);
});

Deno.test("wrongRows() counts the mistakes of classes, undefined without a matrix", () => {
  const classes = ["a", "b", "c"].map((label) => ({ label }));
  const count = (label?: string, given?: string) => wrongRows({ classes, confusion: CONFUSION }, label, given);
  assertEquals([count(), count("c"), count(undefined, "b"), count("c", "a"), count("c", "c")], [29, 4, 28, 1, 0]);
  assertEquals(wrongRows({ classes }, "a"), undefined);
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
