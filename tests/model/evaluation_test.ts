import { assertAlmostEquals, assertEquals } from "@std/assert";
import { evaluateBaseline } from "../../lib/ngrams/evaluate.ts";
import { evaluatePredictions, worstMistakes } from "../../lib/model/evaluation.ts";

const names = ["bug", "question", "other"];
// The predicted classes are 0, 0, 1, 1, 1, 0: two of them are mistakes.
const labels = [0, 0, 1, 1, 0, 1];
const probabilities = Float32Array.of(
  ...[0.9, 0.05, 0.05],
  ...[0.6, 0.3, 0.1],
  ...[0.1, 0.8, 0.1],
  ...[0.2, 0.7, 0.1],
  ...[0.25, 0.5, 0.25],
  ...[0.95, 0.05, 0],
);

Deno.test("evaluatePredictions() gives the metrics of scikit-learn's classification report", () => {
  const { classes, confusion, ...metrics } = evaluatePredictions(names, labels, probabilities);
  assertEquals(confusion, [[2, 1, 0], [1, 2, 0], [0, 0, 0]]);
  const third = 2 / 3;
  assertEquals(classes, [
    { label: "bug", support: 3, precision: third, recall: third, f1: third },
    { label: "question", support: 3, precision: third, recall: third, f1: third },
    { label: "other", support: 0, precision: 0, recall: 0, f1: 0 },
  ]);
  assertEquals(metrics.rows, 6);
  assertAlmostEquals(metrics.accuracy, third, 1e-12);
  // The mean leaves out classes without rows.
  assertAlmostEquals(metrics.macroF1, third, 1e-12);
  const loss = -[0.9, 0.6, 0.8, 0.7, 0.25, 0.05].reduce((sum, value) => sum + Math.log(value), 0) / 6;
  assertAlmostEquals(metrics.loss, loss, 1e-6);
});

Deno.test("worstMistakes() keeps some of every pair of classes, and the most confident of all", () => {
  // Class 0 is confused with class 1 in 300 rows, with 2 in 30 less confident ones, with 3 in a single one.
  const kinds = [...Array(300).fill([1, 0.9]), ...Array(30).fill([2, 0.6]), [3, 0.5]] as [number, number][];
  const width = 4;
  const probabilities = new Float32Array(kinds.length * width);
  kinds.forEach(([given, confidence], row) => probabilities[row * width + given] = confidence + row / 10_000);
  const worst = worstMistakes(new Uint16Array(kinds.length), probabilities, 40);
  const count = (wanted: number) => worst.filter(({ given }) => given === wanted).length;
  assertEquals([worst.length, count(1), count(2), count(3)], [40, 20, 19, 1]);
  assertEquals(worst.slice(0, 10).map(({ row }) => row), Array.from({ length: 10 }, (_, at) => 299 - at));
  assertEquals(worst.map(({ confidence }) => confidence), worst.map(({ confidence }) => confidence).sort().reverse());
});

Deno.test("evaluatePredictions() measures calibration over 15 bins of confidence", () => {
  // Bins: 0.5 | 0.6 | 0.7 | 0.8 | 0.9 | 0.95. Each has one row; the last two are bins 13 and 14.
  const expected = (0.5 + 0.4 + 0.3 + 0.2 + 0.1 + 0.95) / 6;
  assertAlmostEquals(evaluatePredictions(names, labels, probabilities).calibrationError, expected, 1e-6);
  const { calibration = [], accuracy } = evaluatePredictions(names, labels, probabilities);
  assertEquals(calibration.map(({ rows, accuracy }) => [rows, accuracy]), [[1, 0], [1, 1], [1, 1], [1, 1], [1, 1], [
    1,
    0,
  ]]);
  calibration.forEach(({ confidence }, at) =>
    assertAlmostEquals(confidence, [0.5, 0.6, 0.7, 0.8, 0.9, 0.95][at]!, 1e-6)
  );
  assertAlmostEquals(calibration.reduce((sum, bin) => sum + bin.rows * bin.accuracy, 0) / 6, accuracy, 1e-12);
  const sure = Float32Array.of(1, 0, 0, 1);
  assertEquals(evaluatePredictions(["a", "b"], [0, 1], sure).calibrationError, 0);
  const wrong = evaluatePredictions(["a", "b"], [1, 0], sure);
  assertEquals([wrong.calibrationError, wrong.accuracy, Number.isFinite(wrong.loss)], [1, 0, true]);
});

Deno.test("worstMistakes() gives the most confident mistakes first", () => {
  const worst = worstMistakes(labels, probabilities, 5);
  assertEquals(worst.map(({ row, label, given }) => [row, label, given]), [[5, 1, 0], [4, 0, 1]]);
  assertAlmostEquals(worst[0]!.confidence, 0.95, 1e-6);
  assertEquals(worstMistakes(labels, probabilities, 1).map(({ row }) => row), [5]);
  assertEquals(worstMistakes([], new Float32Array(0), 3), []);
});

Deno.test("a certain mistake costs the same in the loss of the model and in that of n-grams", () => {
  const cost = 149 * Math.LN2;
  assertAlmostEquals(evaluatePredictions(["a", "b"], [1], Float32Array.of(1, 0)).loss, cost, 1e-9);
  assertAlmostEquals(evaluateBaseline([1, 0], { labels: Uint16Array.of(1) }).loss, cost, 1e-9);
});
