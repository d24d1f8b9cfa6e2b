/** Which columns a delimited source has, and which of them are the text and the label. */
import { nearest } from "../../config/nearest.ts";
import type { ReadOptions } from "../../config/data_shape.ts";
import { refusal } from "./bytes.ts";
import type { CsvSyntax } from "./papaparse.ts";
import { hasSpacedQuotes, spacedQuotes } from "./spaced_quotes.ts";
import type { TextSource } from "./text.ts";

export interface DelimitedLayout {
  readonly syntax: CsvSyntax;
  /** Names by the header, or `1`, `2`, … */
  readonly columns: readonly string[];
  /** Whether the first record is no row, but says what the delimiter is: Excel's `sep=;`. */
  readonly namesDelimiter: boolean;
  /** Whether the next one is no row either. */
  readonly hasHeader: boolean;
  /** Whether there is a space before some quotes, which are quotes nevertheless. */
  readonly spacedQuotes: boolean;
  /** Positions in `columns`; the label's is -1 where labels are not read. */
  readonly text: number;
  readonly label: number;
}

type Records = readonly (readonly string[])[];

/** The layout of `source`. Throws an InputError that lists the columns there are if those in `options` are not found. */
export function delimitedLayout(
  source: TextSource,
  syntax: CsvSyntax,
  sample: (source: TextSource, syntax: CsvSyntax) => Records,
  options: ReadOptions,
  namesDelimiter: boolean,
): DelimitedLayout {
  const records = sample(source, syntax).filter((record) => record.length > 1 || record[0]!.trim() !== "");
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
    if (options.header === "yes") throw noColumn(source, first, options, text < 0);
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
  if (options.header === "no") throw noColumn(source, numbers, options, text < 0);
  throw noColumn(source, first, options, findColumn(first, options.textColumn) < 0);
}

/** The position of the column `name`, in its own case or, where that is one column, in any. */
function findColumn(columns: readonly string[], name: string): number {
  const exact = columns.indexOf(name);
  if (exact >= 0) return exact;
  const same = columns.flatMap((column, index) => column.toLowerCase() === name.toLowerCase() ? [index] : []);
  return same.length === 1 ? same[0]! : -1;
}

function distinct(source: TextSource, found: DelimitedLayout, { unlabelled }: ReadOptions): DelimitedLayout {
  const layout = unlabelled ? { ...found, label: -1 } : found;
  const { columns, text, label } = layout;
  if (text === label) throw refusal(source.name, `cannot have text and label in one column, "${columns[text]}"`);
  for (const column of unlabelled ? [text] : [text, label]) {
    if (columns.indexOf(columns[column]!) !== columns.lastIndexOf(columns[column]!)) {
      throw refusal(source.name, `has several columns "${columns[column]}", expected one`);
    }
  }
  return layout;
}

/** Whether the first record is a row for sure: what it has as label is one in later rows as well. */
function hasNoHeader(records: Records, label: number): boolean {
  const name = records[0]?.[label]?.trim();
  return records.some((record, index) => index > 0 && record[label]?.trim() === name);
}

/** Rows that are needed to tell labels from texts. */
const ENOUGH = 10;

/**
 * Which of two columns has the labels of a source without header, if that is beyond doubt: it has few different values,
 * the first record's among them, and the other one hardly repeats.
 */
function labelByContent(records: Records): 0 | 1 | undefined {
  if (records.length < ENOUGH) return undefined;
  const variety = (column: number) => new Set(records.map((record) => record[column]?.trim())).size / records.length;
  const candidates = ([0, 1] as const).filter((column) =>
    variety(column) <= 0.2 && variety(1 - column) >= 0.5 && hasNoHeader(records, column)
  );
  return candidates.length === 1 ? candidates[0] : undefined;
}

function noColumn(source: TextSource, columns: readonly string[], options: ReadOptions, textIsMissing: boolean) {
  const [name, flag] = textIsMissing ? [options.textColumn, "`textColumn`"] : [options.labelColumn, "`labelColumn`"];
  const guess = nearest(name, columns);
  const shown = columns.slice(0, 20).map((column) => JSON.stringify(cut(column))).join(", ");
  const there = columns.length === 0
    ? "no columns"
    : columns.length === 1
    ? `one column, ${shown}`
    : `columns ${shown}`;
  const hint = guess === undefined ? "." : `. Did you mean ${flag} ${JSON.stringify(guess)}?`;
  const more = options.header === "no" || columns.length < 2
    ? ""
    : " Name columns with `textColumn` and `labelColumn`; if this is a row already, set `header` to no and use numbers";
  return refusal(source.name, `has no column "${name}": it begins with ${there}${hint}${more}`);
}

function cut(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
