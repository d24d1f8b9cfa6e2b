import type { LabelCount } from "../../formats/entry.ts";
import type { RowLabels } from "../batches/table.ts";
import { Random, Stream } from "../../base/numbers/random.ts";

/**
 * Draws the validation set: returns a 1 for each of its rows, `[rows]`. It has the same `share` of every class, and depends
 * only on `seed`. A class keeps at least one training row; if any class has two rows, the set has at least one.
 */
export function stratifiedSplit(
  labels: Uint16Array | Uint32Array,
  classes: number,
  share: number,
  seed: number,
): Uint8Array {
  const counts = new Uint32Array(classes);
  for (const label of labels) counts[label]!++;
  return selected(labels, counts, validationCounts(counts, share), new Random(seed, Stream.split));
}

/**
 * Draws rows that are trained on again: returns a 1 for each of them, `[rows]`. They are the same `share` of every class, at
 * least one row of each, and depend only on `seed`.
 */
export function replayedRows(
  labels: Uint16Array | Uint32Array,
  classes: number,
  share: number,
  seed: number,
): Uint8Array {
  const counts = new Uint32Array(classes);
  for (const label of labels) counts[label]!++;
  const wanted = counts.map((count) => Math.min(count, Math.max(1, Math.round(count * share))));
  return selected(labels, counts, wanted, new Random(seed, Stream.replay));
}

/** Selects `wanted` of the `counts` rows of each class. Both change. */
function selected(
  labels: Uint16Array | Uint32Array,
  counts: Uint32Array,
  wanted: Uint32Array,
  random: Random,
): Uint8Array {
  const rows = new Uint8Array(labels.length);
  // This is selection sampling (Knuth, algorithm S): each remaining row has the same probability.
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row]!;
    if (random.seek(row).uniform() * counts[label]! < wanted[label]!) {
      rows[row] = 1;
      wanted[label]!--;
    }
    counts[label]!--;
  }
  return rows;
}

/**
 * Returns what a split keeps the shares of: the class of each row, `[rows]`, or the rarest of its labels, if it may have
 * several. Rows without labels are a class of their own, number `classes`.
 */
export function strataOf(
  { count, labels, labelOffsets }: RowLabels & { readonly count: LabelCount },
  classes: number,
): Uint16Array | Uint32Array {
  if (count === "one" || !labelOffsets) return labels;
  const counts = new Uint32Array(classes + 1);
  for (const label of labels) counts[label]!++;
  counts[classes] = 2 ** 32 - 1;
  const strata = new Uint32Array(labelOffsets.length - 1).fill(classes);
  for (let row = 0; row < strata.length; row++) {
    for (let at = labelOffsets[row]!; at < labelOffsets[row + 1]!; at++) {
      if (counts[labels[at]!]! < counts[strata[row]!]!) strata[row] = labels[at]!;
    }
  }
  return strata;
}

/** Returns the validation rows of each class: `share` of them, rounded so that their sum is as near as possible to `share` of all. */
export function validationCounts(counts: Uint32Array, share: number): Uint32Array {
  const wanted = new Uint32Array(counts.length);
  if (share <= 0) return wanted;
  let exact = 0;
  let taken = 0;
  counts.forEach((count, label) => {
    exact += count * share;
    wanted[label] = Math.min(Math.max(0, Math.round(exact - taken)), Math.max(0, count - 1));
    taken += wanted[label]!;
  });
  if (taken === 0) {
    const largest = counts.indexOf(counts.reduce((most, count) => Math.max(most, count), 0));
    if (counts[largest]! > 1) wanted[largest] = 1;
  }
  return wanted;
}
