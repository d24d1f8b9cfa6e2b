/** Finds the columns of a delimited source, and which of them are the text and the label. */
import { shortened } from "../base/printable.ts";
import { nearest } from "../base/nearest.ts";
import type { ReadOptions } from "./read_options.ts";
import { cannotRead } from "./bytes.ts";
import type { CsvSyntax } from "./records/papaparse.ts";
import { hasSpacedQuotes, spacedQuotes } from "./records/spaced_quotes.ts";
import type { TextSource } from "./text.ts";

export interface DelimitedLayout {
  readonly syntax: CsvSyntax;
  /** Names from the header, or `1`, `2`, … */
  readonly columns: readonly string[];
  /** Says that the first record is Excel's `sep=;`, which is no row. */
  readonly namesDelimiter: boolean;
  /** Says that the first record after that is a header. */
  readonly hasHeader: boolean;
  /** Says that quotes after a space count as quotes. */
  readonly spacedQuotes: boolean;
  /** Positions in `columns`; the label is at -1 if labels are not read. */
  readonly text: number;
  readonly label: number;
  /** Positions of the other columns that make a row, and of its extras; see ReadOptions. */
  readonly more: readonly number[];
}

/** A layout before the other columns are found. */
type Found = Omit<DelimitedLayout, "more">;

type Records = readonly (readonly string[])[];

/** Returns the layout of `source`. Throws an InputError with the existing columns if those in `options` are not found. */
export function delimitedLayout(
  source: TextSource,
  syntax: CsvSyntax,
  sample: Records,
  options: ReadOptions,
  namesDelimiter: boolean,
): DelimitedLayout {
  const records = sample.filter((record) => record.length > 1 || record[0]!.trim() !== "");
  const spaced = options.rules !== 1 && syntax.quotes === "double" && hasSpacedQuotes(source.head, syntax.delimiter);
  const whole = records[0] ?? [];
  const first = (spaced ? spacedQuotes(whole, syntax.delimiter) : whole).map((name) => name.trim());
  const common = { syntax, namesDelimiter, spacedQuotes: spaced };
  const numbers = first.map((_, index) => String(index + 1));
  if (options.header !== "no") {
    const text = findColumn(first, options.textColumn);
    const label = findColumn(first, options.labelColumn);
    if (text >= 0 && (label >= 0 || options.unlabelled)) {
      return distinct(source, { ...common, columns: first, hasHeader: true, text, label }, options);
    }
    if (options.header === "yes") throw noColumn(source, first, options, wantedName(options, text < 0));
  }
  const [text, label] = [numbers.indexOf(options.textColumn), numbers.indexOf(options.labelColumn)];
  const isSure = options.header === "no" || (label < 0 ? numbers.length === 1 : hasNoHeader(records, label));
  if (text >= 0 && (label >= 0 || options.unlabelled) && isSure) {
    return distinct(source, { ...common, columns: numbers, hasHeader: false, text, label }, options);
  }
  const isDefault = options.textColumn === "text" && options.labelColumn === "label";
  const found = isDefault && first.length === 2 ? labelByContent(records) : undefined;
  if (found !== undefined) {
    const layout = { ...common, columns: numbers, hasHeader: false, text: 1 - found, label: found };
    return distinct(source, layout, options);
  }
  if (options.header === "no") throw noColumn(source, numbers, options, wantedName(options, text < 0));
  throw noColumn(source, first, options, wantedName(options, findColumn(first, options.textColumn) < 0));
}

/** Returns the position of the column `name`: the exact name or, if only one column matches, in any case. */
function findColumn(columns: readonly string[], name: string): number {
  const exact = columns.indexOf(name);
  if (exact >= 0) return exact;
  const same = columns.flatMap((column, index) => column.toLowerCase() === name.toLowerCase() ? [index] : []);
  return same.length === 1 ? same[0]! : -1;
}

/** Adds the positions of the other columns. Throws an InputError for a column that is missing, ambiguous or named twice. */
function distinct(source: TextSource, found: Found, options: ReadOptions): DelimitedLayout {
  const { columns, text } = found;
  const { fields = [], extras = [], unlabelled } = options;
  const label = unlabelled ? -1 : found.label;
  const more = [...fields.slice(1).map(({ name }) => name), ...extras].map((name) => {
    const at = findColumn(columns, name);
    if (at < 0) throw noColumn(source, columns, options, [name]);
    return at;
  });
  const layout = { ...found, label, more };
  if (text === label || more.slice(0, fields.length - 1).includes(label)) {
    throw cannotRead(source.name, `text and label are in one column, "${columns[label]}", expected two`);
  }
  for (const column of [text, ...unlabelled ? [] : [label], ...more]) {
    if (columns.indexOf(columns[column]!) !== columns.lastIndexOf(columns[column]!)) {
      throw cannotRead(source.name, `it has several columns "${columns[column]}", expected one`);
    }
  }
  return layout;
}

/** Tells whether the first record is certainly a row, because a later row has the same label. */
function hasNoHeader(records: Records, label: number): boolean {
  const name = records[0]?.[label]?.trim();
  return records.some((record, index) => index > 0 && record[label]?.trim() === name);
}

/** Rows that are needed to distinguish labels from texts. */
const ENOUGH = 10;

/**
 * Returns which of two columns of a source without a header has the labels; undefined in doubt. The column of labels has
 * few different values, and repeats that of the first record; values of the other column hardly repeat.
 */
function labelByContent(records: Records): 0 | 1 | undefined {
  if (records.length < ENOUGH) return undefined;
  const variety = (column: number) => new Set(records.map((record) => record[column]?.trim())).size / records.length;
  const candidates = ([0, 1] as const).filter((column) =>
    variety(column) <= 0.2 && variety(1 - column) >= 0.5 && hasNoHeader(records, column)
  );
  return candidates.length === 1 ? candidates[0] : undefined;
}

/** A name that is missing, and the option that has it, if one names nothing else. */
type Wanted = readonly [name: string, flag?: string];

function wantedName({ textColumn, labelColumn, fields }: ReadOptions, textIsMissing: boolean): Wanted {
  if (!textIsMissing) return [labelColumn, "`labelColumn`"];
  return fields ? [textColumn] : [textColumn, "`textColumn`"];
}

function noColumn(source: TextSource, columns: readonly string[], options: ReadOptions, [name, flag]: Wanted) {
  const guess = nearest(name, columns);
  const shown = columns.slice(0, 20).map((column) => JSON.stringify(shortened(column, 40))).join(", ");
  const there = columns.length === 0 ? "" : columns.length === 1 ? `, only one column, ${shown}` : `, only ${shown}`;
  const hint = guess === undefined ? "" : `. Did you mean ${flag ? `${flag} ` : ""}${JSON.stringify(guess)}?`;
  const more = options.header === "no" || columns.length < 2 || !flag
    ? ""
    : `${guess === undefined ? "." : ""} Name the columns with \`textColumn\` and \`labelColumn\`. ` +
      "If the first line is a row, set `header` to no, and give the numbers of the columns";
  return cannotRead(source.name, `it has no column "${name}"${there}${hint}${more}`);
}
