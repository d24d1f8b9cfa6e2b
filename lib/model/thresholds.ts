/**
 * Decides which labels a row gets where it may have several: those whose probability is at least the label's threshold, which
 * validation rows chose.
 */
import type { RowLabels } from "../data/batches/table.ts";
import { logOdds, sigmoid, USUAL_THRESHOLD } from "../data/metrics.ts";
import { labelledRows, labelsAt } from "../data/several.ts";

/** Thresholds that are tried: their log-odds go from -MOST to MOST. */
const [MOST, STEPS] = [8, 160];

/** Rows of all labels together that count for each label: few rows of its own change little of what is best for all. */
const USUAL_ROWS = 10;

/** `[thresholds]`: the rows that a label is given at each threshold, or that have it as well. */
interface Curve {
  readonly given: Float64Array;
  readonly right: Float64Array;
}

export interface ChosenThresholds {
  /** `[labels]` */
  readonly thresholds: readonly number[];
  /** Labels that do not reach the wanted precision; they have the threshold of their highest one. */
  readonly missed: number;
}

/**
 * Chooses the threshold of each label by the `probabilities` of labelled rows, `[rows, classes]`: that of the highest F1, or the
 * least with the precision `wanted`, counted as if one more row were wrong.
 */
export function chooseThresholds(
  rows: RowLabels,
  probabilities: Float32Array,
  classes: number,
  wanted?: number,
): ChosenThresholds {
  const curves = Array.from({ length: classes }, () => emptyCurve());
  const all = emptyCurve();
  const supports = new Uint32Array(classes);
  for (let row = 0; row < labelledRows(rows); row++) {
    for (let k = 0; k < classes; k++) count(probabilities[row * classes + k]!, curves[k]!.given, all.given);
    for (const label of labelsAt(rows, row)) {
      count(probabilities[row * classes + label]!, curves[label]!.right, all.right);
      supports[label]!++;
    }
  }
  const total = supports.reduce((sum, rows) => sum + rows, 0);
  if (total === 0) return { thresholds: curves.map(() => USUAL_THRESHOLD), missed: 0 };
  for (const values of [...curves, all].flatMap(({ given, right }) => [given, right])) sumDown(values);
  const chosen = curves.map((curve, k) => choose(curve, supports[k]!, all, USUAL_ROWS / total, wanted));
  return {
    thresholds: chosen.map(({ step }) => sigmoid(MOST * (2 * step / STEPS - 1))),
    missed: chosen.filter(({ value }) => wanted !== undefined && value < wanted).length,
  };
}

function emptyCurve(): Curve {
  return { given: new Float64Array(STEPS + 1), right: new Float64Array(STEPS + 1) };
}

/** Counts a probability at the highest threshold that it reaches. */
function count(probability: number, own: Float64Array, all: Float64Array): void {
  const step = Math.floor((logOdds(probability) / MOST + 1) / 2 * STEPS);
  if (step < 0) return;
  own[Math.min(step, STEPS)]!++;
  all[Math.min(step, STEPS)]!++;
}

function sumDown(values: Float64Array): void {
  for (let step = STEPS - 1; step >= 0; step--) values[step]! += values[step + 1]!;
}

function choose(curve: Curve, support: number, all: Curve, share: number, wanted: number | undefined) {
  let best = { step: 0, value: -1 };
  for (let step = 0; step <= STEPS; step++) {
    const right = curve.right[step]! + share * all.right[step]!;
    const given = curve.given[step]! + share * all.given[step]!;
    const value = wanted === undefined ? 2 * right / (support + USUAL_ROWS + given) : right / (given + 1);
    if (value > best.value) best = { step, value };
    if (wanted !== undefined && value >= wanted) break;
  }
  return best;
}

/** Returns the labels of a row with these probabilities, `[labels]`, by their positions, the most probable first. */
export function labelsAbove(probabilities: ArrayLike<number>, thresholds: readonly number[]): number[] {
  const above: number[] = [];
  for (let k = 0; k < thresholds.length; k++) if (probabilities[k]! >= thresholds[k]!) above.push(k);
  return above.sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
}

/** Returns the thresholds of a model of `labels` labels that has chosen none yet. */
export function usualThresholds(labels: number): readonly number[] {
  return Array.from({ length: labels }, () => USUAL_THRESHOLD);
}
