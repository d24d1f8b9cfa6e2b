import { assertEquals } from "@std/assert";
import { classRows } from "../../../lib/report/evaluation/class_rows.ts";

const evaluated = (label: string, f1: number, support: number) => ({ label, f1, support, precision: f1, recall: f1 });
const counts = (label: string, training: number) => ({ label, training, validation: 2, test: 3 });

Deno.test("classRows() joins metrics and training rows, the lowest F1 first", () => {
  const rows = classRows(
    [evaluated("a", 0.9, 5), evaluated("b", 0, 0), evaluated("c", 0.5, 7)],
    [counts("c", 40)],
    "test",
  );
  assertEquals(rows.map(({ label, f1, training }) => [label, f1, training]), [
    ["c", 0.5, 40],
    ["a", 0.9, undefined],
    ["b", undefined, undefined],
  ]);
  assertEquals(
    classRows(undefined, [counts("x", 9), counts("y", 4)], "test").map(({ label, support }) => [label, support]),
    [
      ["y", 3],
      ["x", 3],
    ],
  );
});
