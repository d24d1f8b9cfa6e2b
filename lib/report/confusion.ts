/** Prepares a confusion matrix for display. */

export interface Cell {
  readonly rows: number;
  /** Share of the rows of the class; 0 if it has none. */
  readonly share: number;
  /** Strength of the colour, 0 to 1: the square root of `share`, which makes rare mistakes visible. */
  readonly shade: number;
  readonly right: boolean;
}

type Confusion = readonly (readonly number[])[];

/** Returns the cells `[actual class][predicted class]`. */
export function cellsOf(confusion: Confusion): Cell[][] {
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
export function worstMixups(confusion: Confusion, most: number): Mixup[] {
  return confusion.flatMap((counts, label) => counts.map((rows, given) => ({ label, given, rows })))
    .filter(({ label, given, rows }) => label !== given && rows > 0)
    .sort((a, b) => b.rows - a.rows)
    .slice(0, most);
}

/** Sorts the classes so that those that are confused are neighbours: after each comes the most confused one that is left. */
export function bySimilarity(confusion: Confusion): number[] {
  const between = (a: number, b: number) => (confusion[a]?.[b] ?? 0) + (confusion[b]?.[a] ?? 0);
  const left = new Set(confusion.keys());
  const order: number[] = [];
  // The first class has the most mistakes.
  const mistakes = (label: number) =>
    confusion.keys().reduce((sum, other) => sum + (other === label ? 0 : between(label, other)), 0);
  const best = (score: (label: number) => number) => [...left].reduce((a, b) => score(b) > score(a) ? b : a);
  while (left.size > 0) {
    const last = order.at(-1);
    const next = best(last === undefined ? mistakes : (label) => between(last, label));
    left.delete(next);
    order.push(next);
  }
  return order;
}
