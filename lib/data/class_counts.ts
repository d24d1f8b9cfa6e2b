/** Counts right and wrong answers by class, and computes F1 from the counts. */

/** Counts of each class: its rows, the rows that were given it, and those for which both hold. */
export interface ClassCounts {
  readonly support: ArrayLike<number>;
  readonly given: ArrayLike<number>;
  readonly right: ArrayLike<number>;
}

/** Returns the F1 of each class: the harmonic mean of precision and recall, 0 where no row is right. */
export function f1Of({ support, given, right }: ClassCounts): Float64Array {
  return Float64Array.from(support, (rows, k) => right[k] === 0 ? 0 : 2 * right[k]! / (rows + given[k]!));
}

/** Returns the mean F1 of the classes that have rows. */
export function macroF1(counts: ClassCounts): number {
  const own = f1Of(counts).filter((_, k) => counts.support[k]! > 0);
  return own.reduce((sum, f1) => sum + f1, 0) / Math.max(1, own.length);
}

/** Counts the answers `given` to rows with these labels; all are classes, from 0 to `classes - 1`. */
function countAnswers(labels: ArrayLike<number>, given: ArrayLike<number>, classes: number): ClassCounts {
  const counts = {
    support: new Uint32Array(classes),
    given: new Uint32Array(classes),
    right: new Uint32Array(classes),
  };
  for (let row = 0; row < labels.length; row++) {
    counts.support[labels[row]!]!++;
    counts.given[given[row]!]!++;
    if (given[row] === labels[row]) counts.right[labels[row]!]!++;
  }
  return counts;
}

/** Returns the macro-F1 of these answers. */
export function answersF1(labels: ArrayLike<number>, given: ArrayLike<number>, classes: number): number {
  return macroF1(countAnswers(labels, given, classes));
}
