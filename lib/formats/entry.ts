/** The entries of a source: rows, and problems in place of bad rows. */
import { counted } from "../base/counted.ts";
import { shortened, shortJson } from "../base/printable.ts";
import { type Column, EXPECTED, type FieldRow, type FieldValue, fieldValue } from "./columns.ts";
import type { ReadOptions } from "./read_options.ts";
import { composed, labelForm } from "../base/normal_form.ts";

export interface Place {
  /** The source as the user named it: a path, or `-` for standard input. */
  readonly file: string;
  /** The line where the row begins; the first is 1. */
  readonly line: number;
}

/** Holds a text, a list of tokens, or the values of several columns. */
export type RowInput = { readonly text: string } | { readonly tokens: readonly string[] } | FieldRow;

/** Returns the text, the tokens or the fields of a row. */
export function inputOf(row: RowInput): string | readonly string[] | FieldRow {
  if ("fields" in row) return { fields: row.fields };
  return "tokens" in row ? row.tokens : row.text;
}

/** Checks the `values` of `columns`. Returns the row, or its problem. */
export function fieldRow(columns: readonly Column[], values: readonly unknown[]): FieldRow | string {
  const fields: FieldValue[] = [];
  for (const [at, { name, kind }] of columns.entries()) {
    const value = fieldValue(kind, values[at]);
    if (value === undefined) return `has ${shortJson(values[at])} for "${name}", expected ${EXPECTED[kind]}`;
    fields.push(value);
  }
  return { fields };
}

/**
 * The contents of a labelled row. The label is "" only if labels are not read, or if a row may have several: these are in
 * `labels`, each once.
 */
export type RowContent = RowInput & {
  readonly label: string;
  readonly labels?: readonly string[];
  /** The values of the columns `extras`, if the options name any; "" for none. */
  readonly extras?: readonly string[] | undefined;
};

/** Says whether each row has one label, or any number of them. */
export type LabelCount = "one" | "many";

/** A row as its source has it: the fields of its record, or its line without the end. */
export type Original = readonly string[] | string;

/** `original` is present if the options ask for it. */
interface Found extends Place {
  readonly original?: Original | undefined;
}

export type Row = Found & RowContent;

/** A row that cannot be used. */
export interface RowProblem extends Found {
  /** Says what is wrong, without the place: `has 3 fields, expected 2 (text, label)`. */
  readonly problem: string;
}

export type Entry = Row | RowProblem;

export function isProblem(entry: Entry): entry is RowProblem {
  return "problem" in entry;
}

/** Returns the label that is written as `text`, and warns of characters that it drops. */
function readLabel(text: string, { rules, warn }: ReadOptions, { file, line }: Place): string {
  if (rules === 1) return text.trim();
  const label = labelForm(text);
  if (warn && label.length < composed(text.trim()).length) {
    warn({ file, line, warning: "has invisible characters in its label, which are ignored" });
  }
  return label;
}

export const EMPTY_LABEL = "has an empty label";

/** Most labels of a row: far more than rows have, as each row of a batch has room for the most. */
const MOST_LABELS = 256;

/**
 * Returns the labels that are written as `texts`, if rows may have any number of them, and otherwise the only one; or says why
 * there are none. Blank texts are no labels where there may be several.
 */
export function readLabels(
  texts: readonly string[],
  count: LabelCount,
  options: ReadOptions,
  place: Place,
): Pick<RowContent, "label" | "labels"> | string {
  const read = [...new Set(texts.map((text) => readLabel(text, options, place)))];
  if (count === "one") {
    if (read.includes("")) return EMPTY_LABEL;
    const shown = read.slice(0, 5).map((label) => JSON.stringify(shortened(label))).join(", ");
    return read.length === 1 ? { label: read[0]! } : `has several labels, ${shown}: expected one, or \`labels\` many`;
  }
  const labels = read.filter((label) => label !== "");
  return labels.length <= MOST_LABELS
    ? { label: "", labels }
    : `has ${counted(labels.length, "label")}, expected at most ${MOST_LABELS}`;
}

/** Returns the parts of `text` between separators; all of it where none is named. */
export function separated(text: string, { labelSeparator }: Pick<ReadOptions, "labelSeparator">): string[] {
  return labelSeparator === "" ? [text] : text.split(labelSeparator);
}

/** Returns the labels of a row. */
export function labelsOf({ label, labels }: Pick<RowContent, "label" | "labels">): readonly string[] {
  return labels ?? [label];
}

/** Longest row that is read, in UTF-16 units: far more than texts to classify have, and far less than memory. */
export const MAX_ROW = 10_000_000;

export const TOO_LONG = `is longer than ${counted(MAX_ROW, "character")}`;

/** Returns the problem of a text that no row may have. `damaged` says that the file has bytes that are not UTF-8. */
export function textProblem(text: string, damaged: boolean): string | undefined {
  if (text.includes("\0")) return "contains a NUL byte, expected text";
  if (damaged && text.includes("\uFFFD")) {
    return "contains bytes that are not UTF-8: convert the file, for example with iconv -f LATIN1 -t UTF-8";
  }
  return undefined;
}
