/** Finds rows that a quote swallowed: one that opens a field and is closed many lines later, by a quote of another row. */
import { counted } from "../../base/counted.ts";
import type { DelimitedLayout } from "./layout.ts";

/** Labels that are remembered. */
const MOST_LABELS = 1000;

export class SwallowedRows {
  readonly #layout: DelimitedLayout;
  readonly #labels = new Set<string>();

  constructor(layout: DelimitedLayout) {
    this.#layout = layout;
  }

  /** Remembers a label of the rows so far. */
  know(label: string): void {
    if (this.#labels.size < MOST_LABELS) this.#labels.add(label);
  }

  /** What to say of a `field` with line ends, where one of its lines has as many fields as a row, and a label that there is; undefined where its lines do not look like rows. */
  warning(field: string, record: readonly string[]): string | undefined {
    const { columns, label, syntax: { delimiter, newline } } = this.#layout;
    const lines = field.split(newline);
    const own = record[label]?.trim();
    const isLabel = (text: string | undefined) => text !== undefined && (this.#labels.has(text) || text === own);
    const isRow = (fields: readonly string[]) => fields.length === columns.length && isLabel(fields[label]?.trim());
    return label >= 0 && lines.some((line) => isRow(line.split(delimiter)))
      ? `has a quoted field of ${
        counted(lines.length, "line")
      } that look like rows: if its quote has no meaning, set \`quotes\` to none`
      : undefined;
  }
}
