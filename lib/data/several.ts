/** Reads and counts the labels of rows that may have several, and of rows with one. */
import type { RowLabels } from "./batches/table.ts";
import type { ClassCounts } from "./class_counts.ts";
import { logLoss } from "./metrics.ts";

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
  const picked = Array.from(rows, (row) => labelsAt(all, row));
  return { labels: Uint16Array.from(picked.flatMap((own) => [...own])), ...all.labelOffsets && offsetsOf(picked) };
}

/** Returns the labels of the rows of both. */
export function joinLabels(first: RowLabels, second: RowLabels): RowLabels {
  const of = (rows: RowLabels) => Array.from({ length: labelledRows(rows) }, (_, row) => labelsAt(rows, row));
  return {
    labels: Uint16Array.from([...first.labels, ...second.labels]),
    ...first.labelOffsets && offsetsOf([...of(first), ...of(second)]),
  };
}

function offsetsOf(sets: readonly Uint16Array[]): Required<Pick<RowLabels, "labelOffsets">> {
  const labelOffsets = new Uint32Array(sets.length + 1);
  sets.forEach(({ length }, row) => labelOffsets[row + 1] = labelOffsets[row]! + length);
  return { labelOffsets };
}

/** Counts the rows that have and that were given each label: those for which its value, `[rows, classes]`, is at least `leastOf`. */
export function countSeveral(
  rows: RowLabels,
  values: ArrayLike<number>,
  classes: number,
  leastOf: (label: number) => number,
): ClassCounts {
  const zeros = () => new Uint32Array(classes);
  const counts = { support: zeros(), given: zeros(), right: zeros() };
  for (let row = 0; row < labelledRows(rows); row++) {
    for (let k = 0; k < classes; k++) if (values[row * classes + k]! >= leastOf(k)) counts.given[k]!++;
    for (const label of labelsAt(rows, row)) {
      counts.support[label]!++;
      if (values[row * classes + label]! >= leastOf(label)) counts.right[label]!++;
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
