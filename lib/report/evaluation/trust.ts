/** Prepares the confidence of answers for display: what a threshold leaves, and lines through points. */
import { counted } from "../../base/counted.ts";
import { count, percent } from "../format.ts";

/** The most confident answers, down to `confidence`: their share of the rows, and their accuracy. */
export interface Point {
  readonly coverage: number;
  readonly accuracy: number;
  readonly confidence: number;
}

/** Returns the point at which at most the share `left` of the rows is unanswered. The coverage of `points` falls. */
export function pointAt(points: readonly Point[], left: number): Point {
  // The tolerance is for shares such as 1 - 0.9, which are not exact.
  const found = points.findLast(({ coverage }) => coverage >= 1 - left - 1e-9) ?? points[0];
  return found ?? { coverage: 0, accuracy: 0, confidence: 0 };
}

/** Returns points from 0 to 1 as those of an SVG polyline in a square of 100, where up is more. */
export function trail(points: readonly (readonly [x: number, y: number])[]): string {
  return points.map(([x, y]) => `${(100 * x).toFixed(2)},${(100 - 100 * y).toFixed(2)}`).join(" ");
}

/** Describes what a threshold at `point` leaves of so many rows. */
export function thresholdFacts(
  { confidence, coverage, accuracy }: Point,
  rows: number,
): (readonly [name: string, value: string, what: string])[] {
  const wrong = Math.round(rows * coverage * (1 - accuracy));
  return [
    ["Threshold", percent(confidence), "least confidence of an answer"],
    ["Coverage", percent(coverage), "of the rows are answered"],
    ["Precision", percent(accuracy), `of the answers are right, ${counted(wrong, "is", "are")} wrong`],
    ["Recall", percent(coverage * accuracy), "of the rows are answered rightly"],
  ];
}

/** Rows of similar confidence. */
interface Bin {
  readonly confidence: number;
  readonly accuracy: number;
  readonly rows: number;
}

/** Returns a dot for each bin in a square of 100; its area says how many rows there are. */
export function dotsOf(bins: readonly Bin[]): { readonly x: number; readonly y: number; readonly radius: number }[] {
  const most = bins.reduce((most, { rows }) => Math.max(most, rows), 1);
  return bins.map(({ confidence, accuracy, rows }) => (
    { x: 100 * confidence, y: 100 - 100 * accuracy, radius: 1 + 3 * Math.sqrt(rows / most) }
  ));
}

/** Returns the cells of a table of bins: confidence, accuracy, rows. */
export function binRows(bins: readonly Bin[]): [confidence: string, accuracy: string, rows: string][] {
  return bins.map(({ confidence, accuracy, rows }) => [percent(confidence, 1), percent(accuracy, 1), count(rows)]);
}
