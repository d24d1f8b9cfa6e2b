import { assertEquals } from "@std/assert";
import { nextOrder, sortRows } from "../../lib/report/order.ts";

Deno.test("sortRows() sorts numbers and texts, and keeps rows without a value last", () => {
  const columns = [{ name: "n", value: ({ n }: { n?: number | string }) => n }, { name: "other" }];
  const rows = [{ n: 2 }, {}, { n: 10 }, { n: 1 }];
  const sorted = (order: Parameters<typeof sortRows>[2]) => sortRows(rows, columns, order).map(({ n }) => n);
  assertEquals(sorted({ by: "n", isDescending: false }), [1, 2, 10, undefined]);
  assertEquals(sorted({ by: "n", isDescending: true }), [10, 2, 1, undefined]);
  assertEquals(sorted(undefined), [2, undefined, 10, 1]);
  assertEquals(sorted({ by: "other", isDescending: true }), [2, undefined, 10, 1]);
  const texts = sortRows([{ n: "b" }, { n: "a" }], columns, { by: "n", isDescending: false });
  assertEquals(texts.map(({ n }) => n), ["a", "b"]);
});

Deno.test("nextOrder() is descending, then ascending, then none", () => {
  const first = nextOrder(undefined, "a");
  const second = nextOrder(first, "a");
  assertEquals([first, second, nextOrder(second, "a"), nextOrder(second, "b")], [
    { by: "a", isDescending: true },
    { by: "a", isDescending: false },
    undefined,
    { by: "b", isDescending: true },
  ]);
});
