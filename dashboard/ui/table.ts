/** A table that scrolls, and sorts by the columns that have values. */
import type { Signal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import { nextOrder, type Order, sortRows } from "../../lib/report/order.ts";

export interface Column<Row> {
  readonly name: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** The value to sort by. */
  readonly value?: (row: Row) => number | string | undefined;
  /** Class of its cells: by default that of numbers. */
  readonly look?: string;
}

interface TableProps<Row> {
  readonly labelledBy: string;
  /** The first column names the row. */
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** Identifies a row among all: by default its place. */
  readonly keyOf?: (row: Row) => string;
  /** The order that the user chooses; without it, no column sorts. */
  readonly order?: Signal<Order | undefined>;
  readonly look?: string;
}

export function Table<Row>(
  { labelledBy, columns, rows, keyOf, order, look = "" }: TableProps<Row>,
): ComponentChildren {
  const direction = order?.value?.isDescending ? "descending" : "ascending";
  const head = ({ name, value, look = "number" }: Column<Row>, index: number) => {
    if (name === "") return markup`<td></td>`;
    const sort = () => order!.value = nextOrder(order!.value, name);
    const title = order && value ? markup`<button type="button" class="sort" onClick=${sort}>${name}</button>` : name;
    const isSorted = name === order?.value?.by;
    const looks = index === 0 ? "" : look;
    return markup`<th scope="col" class=${looks} aria-sort=${isSorted ? direction : undefined}>${title}</th>`;
  };
  const cell = ({ cell, look = "number" }: Column<Row>, row: Row, index: number) =>
    index === 0 ? markup`<th scope="row">${cell(row)}</th>` : markup`<td class=${look}>${cell(row)}</td>`;
  const sorted = sortRows(rows, columns, order?.value).map((row, place) =>
    markup`<tr key=${keyOf?.(row) ?? place}>${columns.map((column, index) => cell(column, row, index))}</tr>`
  );
  return markup`
    <div class="scroll ${look}" tabindex="0" role="group" aria-labelledby=${labelledBy}>
      <table><thead><tr>${columns.map(head)}</tr></thead><tbody>${sorted}</tbody></table>
    </div>`;
}

interface NumbersProps extends Pick<TableProps<readonly ComponentChildren[]>, "labelledBy" | "rows" | "look"> {
  readonly columns: readonly string[];
}

/** A table of cells that are known, by row. */
export function Numbers({ columns, ...rest }: NumbersProps): ComponentChildren {
  const named = columns.map((name, at) => ({ name, cell: (row: readonly ComponentChildren[]) => row[at] }));
  return h(Table<readonly ComponentChildren[]>, { columns: named, ...rest });
}
