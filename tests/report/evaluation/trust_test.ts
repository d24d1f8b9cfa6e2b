import { assertEquals } from "@std/assert";
import { pointAt, thresholdFacts, trail } from "../../../lib/report/evaluation/trust.ts";

const point = (coverage: number, accuracy: number, confidence: number) => ({ coverage, accuracy, confidence });
const POINTS = [point(1, 0.9, 0.2), point(0.9, 0.95, 0.5), point(0.4, 1, 0.9)];

Deno.test("pointAt() leaves at most the wanted share unanswered", () => {
  const at = (left: number) => POINTS.indexOf(pointAt(POINTS, left) as typeof POINTS[number]);
  assertEquals([0, 0.05, 0.1, 0.5, 0.6, 0.99].map(at), [0, 0, 1, 1, 2, 2]);
  assertEquals(pointAt([], 0.5).coverage, 0);
});

Deno.test("thresholdFacts() has coverage, precision and recall of the answers above a threshold", () => {
  assertEquals(thresholdFacts(POINTS[1]!, 200).map(([name, value]) => `${name} ${value}`), [
    "Threshold 50.00\u00a0%",
    "Coverage 90.00\u00a0%",
    "Precision 95.00\u00a0%",
    "Recall 85.50\u00a0%",
  ]);
  assertEquals(thresholdFacts(POINTS[1]!, 200)[2]?.[2], "of the answers are right, 9 are wrong");
});

Deno.test("trail() maps the unit square to one of 100, upside down", () => {
  assertEquals(trail([[0, 0], [0.5, 1]]), "0.00,100.00 50.00,0.00");
});
