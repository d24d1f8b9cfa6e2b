import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Random, Stream } from "../../lib/base/numbers/random.ts";
import {
  answersAbove,
  auroc,
  confidencesOf,
  coverageTable,
  rankRows,
  rejectionPoints,
} from "../../lib/model/coverage.ts";
import { answerOf, thresholdFor } from "../../lib/model/rejection.ts";

/** Draws rows of two classes whose answers are right as often as their confidence says, rounded so that some are equal. */
function drawn(rows: number, seed: number) {
  const random = new Random(seed, Stream.heldOutData).seek(0);
  const probabilities = new Float32Array(2 * rows);
  const labels = Array.from({ length: rows }, (_, row) => {
    const confidence = 0.5 + Math.round(50 * random.uniform()) / 100;
    const given = random.below(2);
    probabilities[2 * row + given] = confidence;
    probabilities[2 * row + 1 - given] = 1 - confidence;
    return random.uniform() < confidence ? given : 1 - given;
  });
  const confidences = confidencesOf(probabilities, rows);
  const isRight = labels.map((label, row) => probabilities[2 * row + label] === confidences[row]);
  return { labels, probabilities, confidences, isRight };
}

Deno.test("rejectionPoints() has the least threshold for every precision that can be reached", () => {
  const { labels, probabilities, confidences, isRight } = drawn(500, 1);
  const points = rejectionPoints(rankRows(labels, probabilities));
  const precisionFrom = (least: number) => {
    const chosen = isRight.filter((_, row) => confidences[row]! >= least);
    return chosen.filter(Boolean).length / (chosen.length + 1);
  };
  const candidates = [...new Set(confidences)].sort();
  for (const wanted of [0.5, 0.7, 0.8, 0.9]) {
    const least = candidates.find((confidence) => precisionFrom(confidence) >= wanted)!;
    const threshold = thresholdFor(points, wanted);
    assertEquals(candidates.find((confidence) => confidence >= threshold), least, `precision ${wanted}`);
    const { coverage } = points.find((point) => point.threshold === threshold)!;
    assertEquals(coverage, confidences.filter((confidence) => confidence >= threshold).length / 500);
  }
  assertEquals([points[0]!.threshold, points[0]!.coverage], [0, 1]);
});

Deno.test("thresholdFor() reaches the wanted precision on new rows, and says what it cannot reach", () => {
  const [seen, fresh] = [drawn(2000, 2), drawn(20_000, 3)];
  const points = rejectionPoints(rankRows(seen.labels, seen.probabilities));
  for (const wanted of [0.8, 0.9, 0.95]) {
    const threshold = thresholdFor(points, wanted);
    const { accuracy, share } = answersAbove(rankRows(fresh.labels, fresh.probabilities), threshold);
    assertAlmostEquals(accuracy, wanted, 0.02);
    assert(share > 0.05 && share < 0.9, `${share}`);
  }
  assertEquals(thresholdFor(points, 0), 0);
  const few = rejectionPoints(rankRows([0, 0, 0], Float32Array.of(0.9, 0.1, 0.8, 0.2, 0.6, 0.4)));
  assertEquals(few, [{ threshold: 0, precision: 0.75, coverage: 1 }]);
  assertThrows(
    () => thresholdFor(few, 0.9),
    RangeError,
    "`reject` is 0.9: expected at most 0.75, the highest precision on the model's validation rows, where it answers 100.0%",
  );
  for (const none of [undefined, []]) {
    assertThrows(
      () => thresholdFor(none, 0.9),
      RangeError,
      "`reject` is 0.9: expected 0, as this model has no thresholds",
    );
  }
});

Deno.test("answerOf() gives the most probable class, or none of them below the threshold", () => {
  const labels = ["a", "b"];
  const probabilities = Float32Array.of(0.25, 0.75);
  assertEquals(answerOf(probabilities, labels, 0.75), { class: 1, label: "b" });
  assertEquals(answerOf(probabilities, labels, 0.76), {
    class: null,
    label: null,
    rejected: { class: 1, label: "b", probability: 0.75, threshold: 0.76 },
  });
});

Deno.test("coverageTable() has the accuracy of the most confident rows, equal ones together", () => {
  const { labels, probabilities, confidences, isRight } = drawn(400, 4);
  const table = coverageTable(rankRows(labels, probabilities));
  assertEquals(table.map(({ coverage }) => coverage), table.map(({ coverage }) => coverage).sort().reverse());
  const falling = confidences.toSorted().reverse();
  Array.from({ length: 100 }, (_, at) => at + 1).forEach((wanted) => {
    const { coverage, accuracy, confidence } = table.findLast(({ coverage }) => coverage >= wanted / 100)!;
    assertEquals(confidence, falling[4 * wanted - 1]);
    const chosen = isRight.filter((_, row) => confidences[row]! >= confidence);
    assertEquals([coverage, accuracy], [chosen.length / 400, chosen.filter(Boolean).length / chosen.length]);
  });
  assertEquals(coverageTable(rankRows([], new Float32Array())), []);
});

Deno.test("auroc() is the share of pairs in the right order, equal ones counted half", () => {
  const random = new Random(5, Stream.heldOutData).seek(0);
  const some = (count: number, more: number) => Float32Array.from({ length: count }, () => random.below(20) + more);
  const [higher, lower] = [some(70, 4), some(90, 0)];
  let wins = 0;
  for (const a of higher) for (const b of lower) wins += a > b ? 1 : a === b ? 0.5 : 0;
  assertAlmostEquals(auroc(higher, lower), wins / (70 * 90), 1e-12);
  assertEquals(auroc(Float32Array.of(2, 3), Float32Array.of(0, 1)), 1);
});
