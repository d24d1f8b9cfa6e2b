/** Prepares a confusion matrix for display. */

/** A cell with rows. */
export interface Cell {
  /** The predicted class. */
  readonly given: number;
  /** Empty cells between this one and the cell before it. */
  readonly gap: number;
  readonly rows: number;
  /** Share of the rows of the class. */
  readonly share: number;
  /** Strength of the colour, 0 to 1: the square root of `share`, which makes rare mistakes visible. */
  readonly shade: number;
}

interface MatrixRow {
  /** The actual class. */
  readonly label: number;
  readonly cells: readonly Cell[];
  /** Empty cells after the last one. */
  readonly rest: number;
}

type Confusion = readonly (readonly number[])[];

/** Returns the classes in the order of rows and columns, and the cells with rows: those of 200 classes are few. */
export function matrixOf(
  confusion: Confusion,
  isBySimilarity: boolean,
): { readonly order: readonly number[]; readonly rows: readonly MatrixRow[] } {
  const order = isBySimilarity ? bySimilarity(confusion) : [...confusion.keys()];
  const rows = order.map((label) => {
    const all = confusion[label]!.reduce((sum, rows) => sum + rows, 0);
    const cells: Cell[] = [];
    let next = 0;
    for (const [place, given] of order.entries()) {
      const rows = confusion[label]![given]!;
      if (rows === 0) continue;
      cells.push({ given, gap: place - next, rows, share: rows / all, shade: Math.sqrt(rows / all) });
      next = place + 1;
    }
    return { label, cells, rest: order.length - next };
  });
  return { order, rows };
}

interface Confused {
  readonly classes: readonly { readonly label: string }[];
  readonly confusion?: Confusion | undefined;
}

/** Counts the wrong rows of the class `label` that were given `given`, each undefined for any; undefined without a matrix. */
export function wrongRows({ classes, confusion }: Confused, label?: string, given?: string): number | undefined {
  const is = (wanted: string | undefined, index: number) => wanted === undefined || wanted === classes[index]?.label;
  return confusion?.reduce(
    (sum, counts, row) =>
      is(label, row)
        ? counts.reduce((sum, rows, column) => sum + (row !== column && is(given, column) ? rows : 0), sum)
        : sum,
    0,
  );
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
