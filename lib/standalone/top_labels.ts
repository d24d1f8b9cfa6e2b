/** A class and its probability. */
export interface RankedLabel {
  readonly label: string;
  readonly probability: number;
}

/** Returns the `count` most probable labels, the most probable first, by their probabilities, `[labels]`. */
export function topLabels(probabilities: ArrayLike<number>, labels: readonly string[], count: number): RankedLabel[] {
  return Array.from(labels, (label, index) => ({ label, probability: probabilities[index]! }))
    .sort((a, b) => b.probability - a.probability).slice(0, count);
}
