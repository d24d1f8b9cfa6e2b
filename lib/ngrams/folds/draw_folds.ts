/** Divides labelled rows into folds, each of which is predicted by a model of the others. */
import { Random, Stream } from "../../base/numbers/random.ts";
import type { RowLabels } from "../../data/batches/table.ts";
import { labelledRows, labelsAt } from "../../data/several.ts";

/**
 * Returns the fold of each row, from 0 to `folds - 1`. Rows of a group are in one fold; otherwise folds have about the same
 * number of rows of each class, and of all. They depend on nothing else but `seed`.
 */
export function drawFolds(
  labels: ArrayLike<number>,
  groups: ArrayLike<number>,
  folds: number,
  seed: number,
): Uint8Array<SharedArrayBuffer> {
  const members = new Map<number, number[]>();
  for (let row = 0; row < labels.length; row++) {
    const group = members.get(groups[row]!);
    if (group) group.push(row);
    else members.set(groups[row]!, [row]);
  }
  const all = [...members.values()];
  const drawn = Uint32Array.from(all.keys());
  new Random(seed, Stream.folds).seek(0).shuffle(drawn);
  // Large groups first: the smaller ones then even the folds out.
  const order = Array.from(drawn, (group) => all[group]!).sort((a, b) => b.length - a.length);
  const foldOf = new Uint8Array(new SharedArrayBuffer(labels.length));
  const totals = new Uint32Array(folds);
  const ofClass = new Map<number, Uint32Array>();
  const countsOf = (label: number) => {
    const counts = ofClass.get(label) ?? new Uint32Array(folds);
    ofClass.set(label, counts);
    return counts;
  };
  for (const rows of order) {
    const counts = countsOf(labels[rows[0]!]!);
    let best = 0;
    for (let fold = 1; fold < folds; fold++) {
      if ((counts[fold]! - counts[best]! || totals[fold]! - totals[best]!) < 0) best = fold;
    }
    for (const row of rows) {
      foldOf[row] = best;
      countsOf(labels[row]!)[best]!++;
    }
    totals[best]! += rows.length;
  }
  return foldOf;
}

/** Returns for each class the fold that has all its rows, which no model can predict; -1 if two folds have some. */
export function loneFolds(rows: RowLabels, foldOf: Uint8Array, classes: number): Int16Array {
  const [none, several] = [-2, -1];
  const folds = new Int16Array(classes).fill(none);
  for (let row = 0; row < foldOf.length; row++) {
    for (const label of labelsAt(rows, row)) {
      folds[label] = folds[label] === none || folds[label] === foldOf[row] ? foldOf[row]! : several;
    }
  }
  return folds.map((fold) => Math.max(several, fold));
}

/**
 * Returns a class of each row for drawFolds(): its label, or the rarest of several, as rare labels are the hardest to divide
 * (Sechidis, Tsoumakas and Vlahavas, "On the stratification of multi-label data", ECML 2011). Rows without labels have one of
 * their own.
 */
export function strataOf(rows: RowLabels, classes: number): Uint16Array {
  if (!rows.labelOffsets) return rows.labels;
  const counts = new Uint32Array(classes);
  for (const label of rows.labels) counts[label]!++;
  return Uint16Array.from({ length: labelledRows(rows) }, (_, row) => {
    const own = labelsAt(rows, row);
    return own.length === 0
      ? classes
      : own.reduce((rarest, label) => counts[label]! < counts[rarest]! ? label : rarest);
  });
}
