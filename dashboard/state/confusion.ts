/** Which classes a model takes for which, as shares of each class's rows. No DOM. */

/** A table of more classes cannot be read. */
export const MOST_CLASSES = 20;

export interface Cell {
  readonly rows: number;
  /** Of the rows of the class; 0 where it has none. */
  readonly share: number;
  /** How strongly the cell is coloured, 0 to 1: the root, as few mistakes among many rows are what is looked for. */
  readonly shade: number;
  readonly right: boolean;
}

/** `[class of the row][class it was given]`. */
export function cellsOf(confusion: readonly (readonly number[])[]): Cell[][] {
  return confusion.map((counts, label) => {
    const all = counts.reduce((sum, rows) => sum + rows, 0);
    return counts.map((rows, given) => {
      const share = all > 0 ? rows / all : 0;
      return { rows, share, shade: Math.sqrt(share), right: label === given };
    });
  });
}

export interface Mixup {
  readonly label: number;
  readonly given: number;
  readonly rows: number;
}

/** The pairs of classes that are mixed up most, the worst first, of a run whose file does not list them itself. */
export function worstMixups(confusion: readonly (readonly number[])[], most: number): Mixup[] {
  return confusion.flatMap((counts, label) => counts.map((rows, given) => ({ label, given, rows })))
    .filter(({ label, given, rows }) => label !== given && rows > 0)
    .sort((a, b) => b.rows - a.rows)
    .slice(0, most);
}
