/** Prepares a confusion matrix for display. No DOM. */

/** A matrix of more classes is not readable. */
export const MOST_CLASSES = 20;

interface Cell {
  readonly rows: number;
  /** Share of the rows of the class; 0 if it has none. */
  readonly share: number;
  /** Strength of the colour, 0 to 1: the square root of `share`, which makes rare mistakes visible. */
  readonly shade: number;
  readonly right: boolean;
}

/** Returns the cells `[actual class][predicted class]`. */
export function cellsOf(confusion: readonly (readonly number[])[]): Cell[][] {
  return confusion.map((counts, label) => {
    const all = counts.reduce((sum, rows) => sum + rows, 0);
    return counts.map((rows, given) => {
      const share = all > 0 ? rows / all : 0;
      return { rows, share, shade: Math.sqrt(share), right: label === given };
    });
  });
}

interface Mixup {
  readonly label: number;
  readonly given: number;
  readonly rows: number;
}

/** Returns the most confused pairs of classes, those with most rows first, for an evaluation without `mixups`. */
export function worstMixups(confusion: readonly (readonly number[])[], most: number): Mixup[] {
  return confusion.flatMap((counts, label) => counts.map((rows, given) => ({ label, given, rows })))
    .filter(({ label, given, rows }) => label !== given && rows > 0)
    .sort((a, b) => b.rows - a.rows)
    .slice(0, most);
}
