/**
 * Finds labels that are probably wrong, from probabilities by models that were not fitted to the rows: confident learning
 * (Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70, 2021).
 */
import type { RowLabels } from "../data/batches/table.ts";
import { mostProbable } from "../data/metrics.ts";
import { labelledRows, labelsAt } from "../data/several.ts";

export interface LabelErrors {
  /** `[rows]`: the probability of each row's own label, and the most probable class. */
  readonly ofLabel: Float32Array;
  readonly likely: Uint16Array;
  /** The rows whose label is probably wrong, the most suspected first. */
  readonly suspects: Uint32Array;
}

/**
 * Estimates how many labels are wrong, and suspects as many rows: those whose own label has the lowest probability, and another
 * one the highest. A row counts as one of class j if its probability of j is at least the mean one of the rows with the label
 * j, and greatest among such classes: the paper's confident joint. `isKnown` tells the classes that the models know.
 */
export function findLabelErrors(
  labels: ArrayLike<number>,
  probabilities: Float32Array,
  classes: number,
  isKnown: (label: number) => boolean,
): LabelErrors {
  const rows = labels.length;
  const ofLabel = Float32Array.from({ length: rows }, (_, row) => probabilities[row * classes + labels[row]!]!);
  const likely = Uint16Array.from({ length: rows }, (_, row) => mostProbable(probabilities, row * classes, classes));
  const zeros = () => new Float64Array(classes);
  const [counts, sums, confident, wrong] = [zeros(), zeros(), zeros(), zeros()];
  for (let row = 0; row < rows; row++) {
    counts[labels[row]!]!++;
    sums[labels[row]!]! += ofLabel[row]!;
  }
  for (let row = 0; row < rows; row++) {
    let best = -1;
    for (let k = 0; k < classes; k++) {
      const own = probabilities[row * classes + k]!;
      if (own * counts[k]! >= sums[k]! && own > (best < 0 ? 0 : probabilities[row * classes + best]!)) best = k;
    }
    if (best < 0) continue;
    confident[labels[row]!]!++;
    if (best !== labels[row]) wrong[labels[row]!]!++;
  }
  let errors = 0;
  for (let k = 0; k < classes; k++) {
    if (isKnown(k) && confident[k]! > 0) errors += counts[k]! * wrong[k]! / confident[k]!;
  }
  const order = Uint32Array.from({ length: rows }, (_, row) => row)
    .filter((row) => likely[row] !== labels[row] && isKnown(labels[row]!))
    .sort((a, b) => ofLabel[a]! - ofLabel[b]! || a - b);
  return { ofLabel, likely, suspects: order.subarray(0, Math.round(errors)) };
}

export interface SeveralErrors extends Omit<LabelErrors, "likely"> {
  /** The labels of each suspected row that it probably has and lacks, or the reverse. */
  readonly wrong: ReadonlyMap<number, readonly number[]>;
}

/**
 * Does the same for rows that may have several labels: each label is a decision of its own between two classes, and a row is as
 * suspect as its worst one (Thyagarajan et al., "Identifying Incorrect Annotations in Multi-Label Classification Data", 2022).
 * `ofLabel` has the probability of that decision. Yields after each label, for inTurns().
 */
export function* findSeveralErrors(
  rows: RowLabels,
  probabilities: Float32Array,
  classes: number,
  isKnown: (label: number) => boolean,
): Generator<void, SeveralErrors, void> {
  const count = labelledRows(rows);
  const ofLabel = new Float32Array(count).fill(1);
  const wrong = new Map<number, number[]>();
  const isOwn = new Uint8Array(count * classes);
  for (let row = 0; row < count; row++) for (const label of labelsAt(rows, row)) isOwn[row * classes + label] = 1;
  const sides = new Uint8Array(count);
  const pairs = new Float32Array(2 * count);
  for (let label = 0; label < classes; label++) {
    for (let row = 0; row < count; row++) {
      const probability = probabilities[row * classes + label]!;
      sides[row] = isOwn[row * classes + label]!;
      pairs[2 * row] = 1 - probability;
      pairs[2 * row + 1] = probability;
    }
    const decisions = findLabelErrors(sides, pairs, 2, (side) => side === 0 || isKnown(label));
    for (const row of decisions.suspects) wrong.set(row, [...wrong.get(row) ?? [], label]);
    for (let row = 0; row < count; row++) {
      if (sides[row] === 0 || isKnown(label)) ofLabel[row] = Math.min(ofLabel[row]!, decisions.ofLabel[row]!);
    }
    yield;
  }
  const suspects = Uint32Array.from(wrong.keys()).sort((a, b) => ofLabel[a]! - ofLabel[b]! || a - b);
  return { ofLabel, wrong, suspects };
}
