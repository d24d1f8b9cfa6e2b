/** Ranks labels by their probabilities. */

/** A class and its probability. */
export interface RankedLabel {
  readonly label: string;
  readonly probability: number;
}

/** Up to so many are found in one pass over all probabilities, which is faster than to sort those of many labels. */
const FEW = 64;

/** Returns the `count` most probable labels, the most probable first, by their probabilities, `[labels]`. */
export function topLabels(probabilities: ArrayLike<number>, labels: readonly string[], count: number): RankedLabel[] {
  const ranked = count > FEW
    ? Array.from(labels.keys()).sort((a, b) => probabilities[b]! - probabilities[a]!).slice(0, count)
    : firstFew(probabilities, count);
  return ranked.map((index) => ({ label: labels[index]!, probability: probabilities[index]! }));
}

/** Returns the positions of the `count` greatest values, the greatest first; of equal ones the first. */
function firstFew(values: ArrayLike<number>, count: number): number[] {
  const few: number[] = [];
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (few.length === count && !(value > values[few.at(-1) ?? index]!)) continue;
    const place = few.findIndex((other) => values[other]! < value);
    few.splice(place < 0 ? few.length : place, 0, index);
    few.length = Math.min(few.length, count);
  }
  return few;
}
