/** Writes rows as their source has them, in the same format and order, with more columns. */
import { isRecord } from "../../base/record.ts";
import { type Entry, isProblem } from "../entry.ts";
import type { DelimitedLayout } from "../layout.ts";
import type { TextSource } from "../text.ts";

/** An added column; only fastText writes labels differently. */
export interface WrittenColumn {
  readonly name: string;
  readonly isLabel: boolean;
  /** Stands between several labels in a record; | without one. */
  readonly separator?: string | undefined;
}

/** The value of an added column: null for none, a list for several labels. */
export type WrittenValue = string | number | readonly string[] | null;

export interface RowWriter {
  /** The names of the added columns: a name that the source has is `predicted_…`. */
  readonly names: readonly string[];
  /** The text before the first row. */
  readonly head: string;
  /** Returns the text of a row with its `values`, which are in the order of the columns. */
  row(entry: Entry, values: readonly WrittenValue[]): string;
}

/** Returns `name`, or the first of `predicted_name`, `predicted_name_2`, … that is not `taken`, in any case. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  const isFree = (candidate: string) => !taken.has(candidate.toLowerCase());
  if (isFree(name)) return name;
  for (let number = 1;; number++) {
    const candidate = `predicted_${name}${number === 1 ? "" : `_${number}`}`;
    if (isFree(candidate)) return candidate;
  }
}

function freeNames(added: readonly WrittenColumn[], columns: Iterable<string>): string[] {
  const taken = new Set(Array.from(columns, (name) => name.toLowerCase()));
  return added.map(({ name }) => {
    const free = freeName(name, taken);
    taken.add(free.toLowerCase());
    return free;
  });
}

/** The byte order mark, by which Excel recognizes UTF-8. */
const MARK = "\uFEFF";

/**
 * Writes records with the delimiter and line ends of `source`. Fields are quoted where they need it; formulas are written
 * as given. A record with too few or too many fields gets empty ones, or its surplus in the last one.
 */
export function recordWriter(
  { head: text, hasMark }: Pick<TextSource, "head" | "hasMark">,
  { syntax: { delimiter, newline, quotes }, columns, hasHeader, namesDelimiter, text: textAt }: DelimitedLayout,
  added: readonly WrittenColumn[],
): RowWriter {
  const end = newline === "\n" && text.includes("\r\n") ? "\r\n" : newline;
  const names = freeNames(added, hasHeader ? columns : []);
  const field = quotes === "none"
    ? (value: string) => value.replaceAll(delimiter, " ").replaceAll(/[\r\n]+/g, " ")
    : (value: string) => needsQuotes(value, delimiter) ? `"${value.replaceAll('"', '""')}"` : value;
  const record = (fields: readonly string[]) => `${fields.map(field).join(delimiter)}${end}`;
  const fieldsOf = ({ original = "" }: Entry): readonly string[] => {
    // The column of the text takes all of a line that is no record.
    if (typeof original === "string") return columns.map((_, index) => index === textAt ? original : "");
    if (original.length === columns.length) return original;
    const last = columns.length - 1;
    return columns.map((_, index) => index === last ? original.slice(last).join(delimiter) : original[index] ?? "");
  };
  return {
    names,
    head: `${hasMark ? MARK : ""}${namesDelimiter ? `sep=${delimiter}${end}` : ""}${
      hasHeader ? record([...columns, ...names]) : ""
    }`,
    row: (entry, values) =>
      record([
        ...fieldsOf(entry),
        ...values.map((value, at) => isList(value) ? value.join(added[at]?.separator || "|") : String(value ?? "")),
      ]),
  };
}

function needsQuotes(value: string, delimiter: string): boolean {
  return value.includes(delimiter) || value.includes('"') || value.includes("\n") || value.includes("\r");
}

/** Lines of the head that are searched for keys. */
const SAMPLE = 1000;

/** Writes JSON lines: each object unchanged, with more keys at its end. A line that is no object becomes one. */
export function objectWriter(head: string, added: readonly WrittenColumn[]): RowWriter {
  const names = freeNames(added, head.split("\n", SAMPLE).flatMap((line) => Object.keys(objectIn(line) ?? {})));
  const written = names.map((name) => JSON.stringify(name));
  return {
    names,
    head: "",
    row(entry, values) {
      const line = typeof entry.original === "string" ? entry.original.trim() : "";
      const own = isProblem(entry) || written.some((name) => line.includes(name)) ? objectIn(line) : undefined;
      if (isProblem(entry) && !own) return `${JSON.stringify(Object.assign({ line }, pairs(names, values)))}\n`;
      // A later row may have a key that no row of the head has.
      const free = own && names.some((name) => Object.hasOwn(own, name))
        ? freeNames(names.map((name) => ({ name, isLabel: false })), Object.keys(own))
        : names;
      const more = free.map((name, index) => `${JSON.stringify(name)}:${JSON.stringify(values[index] ?? null)}`);
      const begin = line.slice(0, -1).trimEnd();
      return `${begin}${begin === "{" ? "" : ","}${more.join(",")}}\n`;
    },
  };
}

function pairs(names: readonly string[], values: readonly WrittenValue[]): Record<string, WrittenValue> {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? null]));
}

function objectIn(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isList(value: WrittenValue | undefined): value is readonly string[] {
  return Array.isArray(value);
}

/** Writes the values before each line, as fastText's predict-prob does, and a tab after each. */
export function lineWriter(prefix: string, added: readonly WrittenColumn[]): RowWriter {
  const value = (given: WrittenValue | undefined, isLabel: boolean): string => {
    if (isList(given)) return given.map((one) => value(one, isLabel)).join(" ");
    const word = String(given ?? "").replaceAll(/\s+/g, isLabel ? "_" : " ");
    return isLabel && word !== "" ? `${prefix}${word}` : word;
  };
  return {
    names: added.map(({ name }) => name),
    head: "",
    row: ({ original = "" }, values) =>
      `${added.map(({ isLabel }, index) => `${value(values[index], isLabel)}\t`).join("")}${String(original)}\n`,
  };
}
