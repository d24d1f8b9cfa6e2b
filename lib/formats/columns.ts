/** Checks the fields of rows that have several columns. */
import { isNumber } from "./json_digits.ts";

export const COLUMN_KINDS = ["text", "number", "category"] as const;
export type ColumnKind = typeof COLUMN_KINDS[number];

/** A column of rows, by its name in files and in requests. */
export interface Column {
  readonly name: string;
  readonly kind: ColumnKind;
}

/** A checked value; null for a missing number or category. */
export type FieldValue = string | number | null;

/** The checked values of a row, in the order of the columns. */
export interface FieldRow {
  readonly fields: readonly FieldValue[];
}

/** Says which values a column takes. */
export const EXPECTED: Readonly<Record<ColumnKind, string>> = {
  text: "a text",
  number: "a number such as 12.5, or null for a missing one",
  category: "a text, a number, true or false, or null for a missing one",
};

/** Matches the words that programs write for a missing value. */
export const MISSING = /^(?:[-+]?nan|null|nil|none|undefined|n\/?a|#n\/a|<na>|nat|missing)$/i;

const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d{1,3})?$/i;

/** Returns the value of a field; undefined if its column does not take it. */
export function fieldValue(kind: ColumnKind, value: unknown): FieldValue | undefined {
  if (value === null) return kind === "text" ? "" : null;
  const isScalar = typeof value === "string" || isNumber(value) || kind === "category" && typeof value === "boolean";
  if (!isScalar || kind === "text" && typeof value !== "string") return undefined;
  if (kind === "text") return String(value);
  const text = String(value).trim();
  if (kind === "category") return text === "" ? null : text;
  if (text === "" || MISSING.test(text)) return null;
  const number = Number(text);
  return NUMBER.test(text) && Number.isFinite(number) ? number : undefined;
}

/** Returns the options by which rows of these columns are read: none for rows of one text. */
export function readingOf(columns: readonly Column[] | undefined): { fields?: readonly Column[]; textColumn?: string } {
  return columns ? { fields: columns, textColumn: columns[0]!.name } : {};
}

/** Returns an object with a value for each column, as a message shows it. */
export function formOf(columns: readonly Column[]): string {
  const example = { text: "…", number: 12.5, category: "…" } as const;
  return JSON.stringify(Object.fromEntries(columns.map(({ name, kind }) => [name, example[kind]])));
}
