import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { evaluateSeveral, worstLabels } from "../../lib/model/several_evaluation.ts";
import { chooseThresholds, labelsAbove } from "../../lib/model/thresholds.ts";
import { Random, Stream } from "../../lib/base/numbers/random.ts";

/** Rows with these sets of labels. */
function labelled(sets: readonly (readonly number[])[]) {
  const labelOffsets = Uint32Array.from([0, ...sets.map((_, row) => sets.slice(0, row + 1).flat().length)]);
  return { labels: Uint16Array.from(sets.flat()), labelOffsets };
}

Deno.test("chooseThresholds() finds the F1 of frequent labels, and the common threshold for rare ones", () => {
  const random = new Random(7, Stream.trainingData);
  const rows = Array.from({ length: 2000 }, (_, row) => {
    random.seek(row);
    // Label 0 is true above 0.3, label 1 above 0.7, and label 2 in one row only.
    const values = [random.uniform(), random.uniform(), row === 5 ? 0.9 : 0.01];
    return { values, set: [...values[0]! > 0.3 ? [0] : [], ...values[1]! > 0.7 ? [1] : [], ...row === 5 ? [2] : []] };
  });
  const probabilities = Float32Array.from(rows.flatMap(({ values }) => values));
  const { thresholds } = chooseThresholds(labelled(rows.map(({ set }) => set)), probabilities, 3);
  assertAlmostEquals(thresholds[0]!, 0.3, 0.03);
  assertAlmostEquals(thresholds[1]!, 0.7, 0.03);
  assert(thresholds[2]! > 0.1 && thresholds[2]! < 0.9, String(thresholds[2]));
});

Deno.test("chooseThresholds() gives the wanted precision, and counts the labels that do not reach it", () => {
  const random = new Random(8, Stream.trainingData);
  const rows = Array.from({ length: 4000 }, (_, row) => {
    random.seek(row);
    const [one, other] = [random.uniform(), random.uniform()];
    return { values: [one, other], set: [...random.uniform() < one ? [0] : [], ...random.uniform() < 0.2 ? [1] : []] };
  });
  const sets = labelled(rows.map(({ set }) => set));
  const probabilities = Float32Array.from(rows.flatMap(({ values }) => values));
  const { thresholds, missed } = chooseThresholds(sets, probabilities, 2, 0.8);
  const [first] = evaluateSeveral(["a", "b"], sets, probabilities, thresholds).classes;
  assertAlmostEquals(first!.precision, 0.8, 0.03);
  assertEquals(missed, 1);
  assertEquals(chooseThresholds(labelled([[], []]), new Float32Array(4), 2).thresholds, [0.5, 0.5]);
});

Deno.test("evaluateSeveral() counts labels that no training row has as missed", () => {
  const rows = { ...labelled([[0], [], []]), unseen: Uint16Array.of(1, 2, 0) };
  const probabilities = Float32Array.of(0.75, 0.25, 0.75, 0.25, 0.25, 0.25);
  const { several, accuracy } = evaluateSeveral(["a", "b"], rows, probabilities, [0.5, 0.5]);
  // Given: a to the first two rows, of which one is right, and none of the three other labels is found.
  assertEquals([several!.precision, several!.recall, several!.microF1], [1 / 2, 1 / 4, 2 / 6]);
  assertEquals([several!.unseen, several!.labelled, several!.exact, accuracy], [3, 2, 1 / 3, 1 / 2]);
  assertEquals(several!.at, [{ rank: 1, precision: 1 / 2, recall: 1 / 4 }]);
});

Deno.test("evaluateSeveral() gives the metrics computed by hand", () => {
  const rows = labelled([[0, 1], [2], []]);
  const probabilities = Float32Array.of(0.75, 0.25, 0, 0.5, 0, 0.75, 0.25, 0, 0);
  const { several, accuracy, macroF1, loss, classes } = evaluateSeveral(["a", "b", "c"], rows, probabilities, [
    0.5,
    0.5,
    0.5,
  ]);
  // Given: a; a and c; nothing. Right: a, c of three labels in all and three given.
  assertEquals([several!.microF1, several!.precision, several!.recall], [4 / 6, 2 / 3, 2 / 3]);
  assertEquals([several!.exact, several!.labels, several!.labelled, accuracy], [1 / 3, 1, 2, 1]);
  // The row without labels has no right ones.
  assertEquals(several!.at, [{ rank: 1, precision: 1, recall: 2 / 3 }, { rank: 3, precision: 3 / 6, recall: 1 }]);
  assertAlmostEquals(macroF1, (2 / 3 + 0 + 1) / 3, 1e-12);
  assertAlmostEquals(loss, -Math.log(0.75 * 0.25 * 0.5 * 0.75 * 0.75) / 3, 1e-6);
  assertEquals(classes.map(({ support, threshold }) => [support, threshold]), [[1, 0.5], [1, 0.5], [1, 0.5]]);
  const worst = worstLabels(rows, probabilities, [0.5, 0.5, 0.5], 5);
  assertEquals(worst, [
    { row: 0, own: [0, 1], given: [0], confidence: 0.75 },
    { row: 1, own: [2], given: [2, 0], confidence: 0.5 },
  ]);
  assertEquals(labelsAbove([0.1, 0.9, 0.5], [0.5, 0.5, 0.5]), [1, 2]);
});
