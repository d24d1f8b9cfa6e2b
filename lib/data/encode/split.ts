import { Random, Stream } from "../../base/random.ts";

/**
 * Which rows validate: 1 for each of them, `[rows]`. The same `share` of every class is drawn, by `seed` alone; a class
 * keeps at least one row to train on, and where any class can spare one, one row at least validates.
 */
export function stratifiedSplit(labels: Uint16Array, classes: number, share: number, seed: number): Uint8Array {
  const counts = new Uint32Array(classes);
  for (const label of labels) counts[label]!++;
  const wanted = validationCounts(counts, share);
  const random = new Random(seed, Stream.split);
  const validation = new Uint8Array(labels.length);
  // Selection sampling (Knuth, algorithm S): of the rows that are left, each is drawn as probably as any other.
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row]!;
    if (random.seek(row).uniform() * counts[label]! < wanted[label]!) {
      validation[row] = 1;
      wanted[label]!--;
    }
    counts[label]!--;
  }
  return validation;
}

/** How many rows of each class validate: `share` of them, rounded so that the sum is `share` of all as nearly as can be. */
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
