/** Sorts the rows of a table by one of its columns. */

export interface Order {
  /** Name of the column. */
  readonly by: string;
  readonly isDescending: boolean;
}

/** Part of a column: its name, and the value to sort by, which is undefined for a row that has none. */
interface Sorted<Row> {
  readonly name: string;
  readonly value?: (row: Row) => number | string | undefined;
}

/** Returns the order after a click on the head of column `by`: descending, then ascending, then none. */
export function nextOrder(order: Order | undefined, by: string): Order | undefined {
  if (order?.by !== by) return { by, isDescending: true };
  return order.isDescending ? { by, isDescending: false } : undefined;
}

/** Sorts by a column. Rows without a value come last, and equal ones keep their order. */
export function sortRows<Row>(
  rows: readonly Row[],
  columns: readonly Sorted<Row>[],
  order: Order | undefined,
): readonly Row[] {
  const value = columns.find(({ name }) => name === order?.by)?.value;
  if (!value || !order) return rows;
  const sign = order.isDescending ? -1 : 1;
  return rows.toSorted((one, other) => {
    const [a, b] = [value(one), value(other)];
    if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
    return sign * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en"));
  });
}
