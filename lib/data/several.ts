/** Reads and counts the labels of rows that may have several, and of rows with one. */
import { type RowLabels, rowsWithLabels } from "./batches/table.ts";
import type { ClassCounts } from "./class_counts.ts";
import { logLoss, mostProbable } from "./metrics.ts";

/** Returns the number of rows. */
export function labelledRows({ labels, labelOffsets }: RowLabels): number {
  return labelOffsets ? labelOffsets.length - 1 : labels.length;
}

/** Returns the labels of a row. */
export function labelsAt({ labels, labelOffsets }: RowLabels, row: number): Uint16Array {
  return labelOffsets ? labels.subarray(labelOffsets[row], labelOffsets[row + 1]) : labels.subarray(row, row + 1);
}

/** Returns the labels of some rows. */
export function pickLabels(all: RowLabels, rows: Uint32Array): RowLabels {
  if (!all.labelOffsets) return { labels: Uint16Array.from(rows, (row) => all.labels[row]!) };
  const picked = Array.from(rows, (row) => labelsAt(all, row));
  let end = 0;
  const labelOffsets = Uint32Array.from([0, ...picked.map(({ length }) => end += length)]);
  return { labels: Uint16Array.from(picked.flatMap((own) => [...own])), labelOffsets };
}

/** Returns the labels of the rows of both. */
export function joinLabels(first: RowLabels, second: RowLabels): RowLabels {
  const labels = Uint16Array.from([...first.labels, ...second.labels]);
  if (!first.labelOffsets) return { labels };
  const more = second.labelOffsets?.subarray(1).map((offset) => first.labels.length + offset) ?? [];
  return { labels, labelOffsets: Uint32Array.from([...first.labelOffsets, ...more]) };
}

/** Returns a number for the labels of each row: rows have the same one if they have the same labels. */
export function labelSets(rows: RowLabels): ArrayLike<number> {
  if (!rows.labelOffsets) return rows.labels;
  const known = new Map<string, number>();
  return Uint32Array.from({ length: labelledRows(rows) }, (_, row) => {
    const own = labelsAt(rows, row).join();
    const number = known.get(own) ?? known.size;
    known.set(own, number);
    return number;
  });
}

/**
 * Returns the share of the rows with labels whose most probable class, by `[rows, classes]` values, is their label or one of
 * theirs. No answer would be right for a row without labels, so these do not count; 0 if there are no others, NaN without rows.
 */
export function shareRight(rows: RowLabels, values: ArrayLike<number>, classes: number): number {
  const count = labelledRows(rows);
  let right = 0;
  for (let row = 0; row < count; row++) {
    if (labelsAt(rows, row).includes(mostProbable(values, row * classes, classes))) right++;
  }
  return right / (count === 0 ? 0 : Math.max(1, rowsWithLabels(rows)));
}

/** Counts the rows that have and that were given each label: those for which its value, `[rows, classes]`, is at least `leastOf`. */
export function countSeveral(
  rows: RowLabels,
  values: ArrayLike<number>,
  classes: number,
  leastOf: (label: number, row: number) => number,
): ClassCounts {
  const zeros = () => new Uint32Array(classes);
  const counts = { support: zeros(), given: zeros(), right: zeros() };
  for (let row = 0; row < labelledRows(rows); row++) {
    for (let k = 0; k < classes; k++) if (values[row * classes + k]! >= leastOf(k, row)) counts.given[k]!++;
    for (const label of labelsAt(rows, row)) {
      counts.support[label]!++;
      if (values[row * classes + label]! >= leastOf(label, row)) counts.right[label]!++;
    }
  }
  return counts;
}

/** Returns the sum of the binary cross-entropies of all labels of a row, whose own are `own`, by `classes` probabilities. */
export function severalLoss(
  own: Uint16Array,
  probabilities: ArrayLike<number>,
  first: number,
  classes: number,
): number {
  let loss = 0;
  for (let k = 0; k < classes; k++) loss += logLoss(1 - probabilities[first + k]!);
  for (const label of own) {
    const probability = probabilities[first + label]!;
    loss += logLoss(probability) - logLoss(1 - probability);
  }
  return loss;
}
