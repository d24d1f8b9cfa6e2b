/**
 * Measures how far the confidence of answers can be trusted: how accurate those above a threshold are, which threshold
 * gives a wanted precision, and how well confidence tells rows of the known classes from others. This is selective
 * classification (Geifman and El-Yaniv, "Selective classification for deep neural networks", NeurIPS 2017).
 */
import { mostProbable } from "../data/metrics.ts";
import type { RejectionPoint } from "./rejection.ts";

/** The confidences of right and of wrong answers, each in ascending order. */
interface RankedAnswers {
  readonly right: Float32Array;
  readonly wrong: Float32Array;
}

/** Returns the confidence of the answer to each row, `[rows]`: the greatest of its probabilities, `[rows, classes]`. */
export function confidencesOf(probabilities: Float32Array, rows: number): Float32Array {
  const width = rows === 0 ? 0 : probabilities.length / rows;
  return Float32Array.from({ length: rows }, (_, row) => {
    return probabilities[row * width + mostProbable(probabilities, row * width, width)]!;
  });
}

/** Ranks the answers to rows with these classes, `[rows]`, by their probabilities, `[rows, classes]`. */
export function rankRows(labels: ArrayLike<number>, probabilities: Float32Array): RankedAnswers {
  const width = labels.length === 0 ? 0 : probabilities.length / labels.length;
  const confidences = confidencesOf(probabilities, labels.length);
  const isRight = (row: number) => mostProbable(probabilities, row * width, width) === labels[row];
  return {
    right: confidences.filter((_, row) => isRight(row)).sort(),
    wrong: confidences.filter((_, row) => !isRight(row)).sort(),
  };
}

/** The answers whose confidence is at least `confidence`: all of them, and the right ones. */
interface Level {
  readonly confidence: number;
  readonly answers: number;
  readonly right: number;
}

/** Lists the distinct confidences, the highest first. */
function levelsOf({ right, wrong }: RankedAnswers): Level[] {
  const levels: Level[] = [];
  let [rightLeft, wrongLeft] = [right.length, wrong.length];
  while (rightLeft + wrongLeft > 0) {
    const confidence = Math.max(right[rightLeft - 1] ?? 0, wrong[wrongLeft - 1] ?? 0);
    while (rightLeft > 0 && right[rightLeft - 1]! >= confidence) rightLeft--;
    while (wrongLeft > 0 && wrong[wrongLeft - 1]! >= confidence) wrongLeft--;
    const hits = right.length - rightLeft;
    levels.push({ confidence, answers: hits + wrong.length - wrongLeft, right: hits });
  }
  return levels;
}

/** Steps of precision for which a threshold is kept. */
const PRECISION_STEP = 1 / 1000;

/**
 * Returns the least threshold for each precision that can be reached, in ascending order; none without answers. Precision is
 * counted as if one more answer were wrong, so that few answers prove little: for a loss from 0 to 1 this is what bounds its
 * mean on new rows (Angelopoulos et al., "Conformal risk control", 2022).
 */
export function rejectionPoints(ranked: RankedAnswers): RejectionPoint[] {
  const rows = ranked.right.length + ranked.wrong.length;
  const levels = levelsOf(ranked).reverse();
  const points: RejectionPoint[] = [];
  let reached = -1;
  levels.forEach(({ confidence, answers, right }, index) => {
    const precision = right / (answers + 1);
    const step = Math.floor(precision / PRECISION_STEP);
    if (step <= reached) return;
    reached = step;
    const below = levels[index - 1]?.confidence;
    points.push({
      // Between two confidences, so that rounding elsewhere changes no answer.
      threshold: below === undefined ? 0 : (below + confidence) / 2,
      precision,
      coverage: answers / rows,
    });
  });
  return points;
}

/** Returns the share of the rows whose answers have at least the confidence `threshold`, and the accuracy of these. */
export function answersAbove({ right, wrong }: RankedAnswers, threshold: number): {
  readonly threshold: number;
  readonly share: number;
  readonly accuracy: number;
} {
  const above = (confidences: Float32Array) => confidences.reduce((sum, one) => sum + (one >= threshold ? 1 : 0), 0);
  const [hits, misses] = [above(right), above(wrong)];
  const answers = hits + misses;
  const accuracy = answers === 0 ? 0 : hits / answers;
  return { threshold, share: answers / (right.length + wrong.length), accuracy };
}

/** Steps of the share of rows for which a table has the accuracy. */
const COVERAGES = 100;

/** The accuracy of the most confident answers. */
interface CoverageRow {
  /** Share of the rows, at least the wanted one: answers of the same confidence stay together. */
  readonly coverage: number;
  readonly accuracy: number;
  /** Their least confidence. */
  readonly confidence: number;
}

/** Returns the accuracy of the most confident 100, 99, …, 1 % of the answers, without repetitions. */
export function coverageTable(ranked: RankedAnswers): CoverageRow[] {
  const rows = ranked.right.length + ranked.wrong.length;
  const table: CoverageRow[] = [];
  let step = 1;
  for (const { confidence, answers, right } of levelsOf(ranked)) {
    if (COVERAGES * answers < step * rows) continue;
    table.push({ coverage: answers / rows, accuracy: right / answers, confidence });
    step = Math.floor(COVERAGES * answers / rows) + 1;
  }
  return table.reverse();
}

/**
 * Returns the probability that a random one of `inScope` is greater than a random one of `outOfScope`, equal ones counted
 * half: the area under the ROC curve. NaN if either is empty.
 */
export function auroc(inScope: Float32Array, outOfScope: Float32Array): number {
  const [higher, lower] = [inScope.slice().sort(), outOfScope.slice().sort()];
  let [wins, below, upTo] = [0, 0, 0];
  for (const value of higher) {
    while (below < lower.length && lower[below]! < value) below++;
    while (upTo < lower.length && lower[upTo]! <= value) upTo++;
    wins += (below + upTo) / 2;
  }
  return wins / (higher.length * lower.length);
}
