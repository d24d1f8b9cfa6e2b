import { assertEquals } from "@std/assert";
import { inTurns } from "../../lib/base/turns.ts";
import { findLabelErrors, findSeveralErrors } from "../../lib/model/label_errors.ts";

/** Returns probabilities of two classes from those of the second one. */
const twoClasses = (second: readonly number[]) => Float32Array.from(second.flatMap((share) => [1 - share, share]));

Deno.test("findLabelErrors suspects as many rows as are confidently of another class", () => {
  // The means of the rows' own labels are (.9 + .8 + .1 + .9) / 4 and (.8 + .7 + .3) / 3: .675 and .6.
  const labels = [0, 0, 0, 0, 1, 1, 1];
  const probabilities = twoClasses([0.1, 0.2, 0.9, 0.1, 0.8, 0.7, 0.3]);
  const { suspects, ofLabel, likely } = findLabelErrors(labels, probabilities, 2, () => true);
  // Row 2 is confidently of class 1, and row 6 of class 0: 0.7 is above 0.675.
  assertEquals([...suspects], [2, 6]);
  assertEquals([...likely], [0, 0, 1, 0, 1, 1, 0]);
  assertEquals(ofLabel[2]!.toFixed(4), "0.1000");
});

Deno.test("findLabelErrors scales the confident rows of a class to all its rows", () => {
  // Two of the four rows of class 0 are confident, and one of these is of class 1: two labels of four are estimated to be wrong.
  const labels = [0, 0, 0, 0, 1, 1];
  const probabilities = twoClasses([0.1, 0.6, 0.56, 0.95, 0.8, 0.8]);
  assertEquals([...findLabelErrors(labels, probabilities, 2, () => true).suspects], [3, 1]);
  // All rows of class 0 are confident, and one of them is of class 1.
  const sure = twoClasses([0.1, 0.45, 0.45, 0.95, 0.8, 0.8]);
  assertEquals([...findLabelErrors(labels, sure, 2, () => true).suspects], [3]);
});

Deno.test("findLabelErrors suspects no row of a class that the models do not know", () => {
  const labels = [0, 0, 0, 1];
  const probabilities = twoClasses([0.1, 0.2, 0.1, 0]);
  assertEquals([...findLabelErrors(labels, probabilities, 2, (label) => label === 0).suspects], []);
  assertEquals([...findLabelErrors(labels, probabilities, 2, () => true).suspects], [3]);
});

Deno.test("findSeveralErrors suspects missing and surplus labels, and rates rows by the worst one", async () => {
  // Label 0 of row 1 is missing, label 1 of row 4 is surplus; row 5 has no labels.
  const own = [[0], [1], [0, 1], [0], [0, 1], []];
  const rows = {
    labels: Uint16Array.from(own.flat()),
    labelOffsets: Uint32Array.from([0, ...own.map((_, row) => own.slice(0, row + 1).flat().length)]),
  };
  const probabilities = Float32Array.of(0.9, 0.1, 0.97, 0.9, 0.9, 0.8, 0.8, 0.1, 0.9, 0.02, 0.1, 0.1);
  const { suspects, ofLabel, wrong } = await inTurns(findSeveralErrors(rows, probabilities, 2, () => true));
  assertEquals([...suspects], [4, 1]);
  assertEquals(Array.from(ofLabel, (share) => share.toFixed(2)), ["0.90", "0.03", "0.80", "0.80", "0.02", "0.90"]);
  assertEquals([...wrong].sort(), [[1, [0]], [4, [1]]]);
  // Models that do not know a label say nothing of the rows that have it.
  const known = await inTurns(findSeveralErrors(rows, probabilities, 2, (label) => label === 0));
  assertEquals([...known.suspects], [1]);
});
