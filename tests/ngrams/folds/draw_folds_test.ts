import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { drawFolds, loneFolds, strataOf } from "../../../lib/ngrams/folds/draw_folds.ts";

const rowsOf = (foldOf: Uint8Array, isWanted: (row: number) => boolean, folds: number) =>
  Array.from({ length: folds }, (_, fold) => foldOf.filter((own, row) => own === fold && isWanted(row)).length);

Deno.test("drawFolds gives folds the same number of rows of each class, and of all", () => {
  // 5 rows of class 0 for each 3 of class 1 and 1 of class 2.
  const labels = Array.from({ length: 90 }, (_, row) => [0, 0, 0, 0, 0, 1, 1, 1, 2][row % 9]!);
  const foldOf = drawFolds(labels, labels.map((_, row) => row), 5, 1);
  assertEquals(rowsOf(foldOf, () => true, 5), [18, 18, 18, 18, 18]);
  for (const [label, each] of [10, 6, 2].entries()) {
    assertEquals(rowsOf(foldOf, (row) => labels[row] === label, 5), Array(5).fill(each));
  }
  assertNotEquals(foldOf, drawFolds(labels, labels.map((_, row) => row), 5, 2));
});

Deno.test("drawFolds puts all rows of a group into one fold, and groups of a class into several", () => {
  const rows = fc.array(fc.record({ label: fc.nat(2), group: fc.nat(30) }), { minLength: 2, maxLength: 80 });
  fc.assert(
    fc.property(rows, fc.integer({ min: 2, max: 6 }), (all, folds) => {
      const labels = all.map(({ label }) => label);
      const groups = all.map(({ group }) => group);
      const foldOf = drawFolds(labels, groups, folds, 3);
      const foldOfGroup = new Map(groups.map((group, row) => [group, foldOf[row]!]));
      assert(groups.every((group, row) => foldOfGroup.get(group) === foldOf[row]));
      assert(foldOf.every((fold) => fold < folds));
      const lone = loneFolds({ labels: Uint16Array.from(labels) }, foldOf, 3);
      for (const label of new Set(labels)) {
        const found = new Set(foldOf.filter((_, row) => labels[row] === label));
        assertEquals(lone[label], found.size === 1 ? [...found][0] : -1);
      }
    }),
    { seed: 7 },
  );
});

Deno.test("strataOf takes the rarest of several labels, and a class of its own without labels", () => {
  const labels = Uint16Array.of(0, 0, 1, 0, 1, 2);
  const labelOffsets = Uint32Array.of(0, 1, 3, 3, 6);
  assertEquals([...strataOf({ labels, labelOffsets }, 3)], [0, 1, 3, 2]);
  assertEquals(strataOf({ labels }, 3), labels);
});
