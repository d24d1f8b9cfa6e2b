/** Recognizes the delimiter and the columns of CSV and TSV. */
import { counted } from "../base/counted.ts";
import type { ReadOptions } from "./read_options.ts";
import { cannotRead } from "./bytes.ts";
import { readDelimited } from "./delimited.ts";
import type { RowFormat } from "./format.ts";
import { type DelimitedLayout, delimitedLayout } from "./layout.ts";
import { type CsvSyntax, parseRecords } from "./records/papaparse.ts";
import { recordWriter, type WrittenColumn } from "./writers/row_writer.ts";
import type { TextSource } from "./text.ts";

export const csv = {
  name: "csv",
  extensions: ["csv"],
  detect: () => false,
  open: ({ text }, options) => openDelimited(text(), options, false),
} as const satisfies RowFormat;

export const tsv = {
  name: "tsv",
  extensions: ["tsv", "tab"],
  detect: () => false,
  open: ({ text }, options) => openDelimited(text(), options, true),
} as const satisfies RowFormat;

export const DELIMITERS: readonly string[] = [",", "\t", ";", "|"];
const NAMES: Readonly<Record<string, string>> = { ",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars" };

/** Matches a first line that tells Excel the delimiter. */
const NAMED_DELIMITER = /^\s*"?sep=([^\r\n])"?[ \t]*(?:\r\n|\n|\r|$)/i;

/** Records at the beginning from which the layout is found. */
const SAMPLE = 1000;

function openDelimited(source: TextSource, options: ReadOptions, tabs: boolean) {
  const { rows, syntax, records, namesDelimiter } = firstRecords(source, options, tabs);
  const layout = delimitedLayout(rows, syntax, records, options, namesDelimiter);
  const isMany = options.labels === "many" || options.labels === "auto" && options.labelSeparator !== "";
  const labels = isMany ? "many" as const : "one" as const;
  return {
    description: describe(layout, options),
    labels,
    batches: () => readDelimited(source, layout, { ...options, labels }),
    writer: (added: readonly WrittenColumn[]) => recordWriter(source, layout, added),
  };
}

interface FirstRecords {
  /** The source behind a line that names the delimiter. */
  readonly rows: TextSource;
  readonly syntax: CsvSyntax;
  readonly records: readonly (readonly string[])[];
  readonly namesDelimiter: boolean;
}

/** Recognizes the syntax of `source` unless it has `tabs`, and returns its first records. */
export function firstRecords(source: TextSource, options: ReadOptions, tabs: boolean): FirstRecords {
  const common: Omit<CsvSyntax, "delimiter"> = {
    newline: source.head.includes("\n") || !source.head.includes("\r") ? "\n" : "\r",
    quotes: options.quotes,
  };
  const named = NAMED_DELIMITER.exec(source.head);
  const rows = named ? { ...source, head: source.head.slice(named[0].length) } : source;
  const delimiter = options.delimiter === "auto" && named ? named[1]! : delimiterOf(rows, options, common, tabs);
  const syntax = { ...common, delimiter };
  return { rows, syntax, records: sample(rows, syntax), namesDelimiter: named !== null };
}

/** Describes a layout: `CSV with commas, a header, text and label in columns "text" and "label"`. */
function describe(
  { syntax: { delimiter }, columns, hasHeader, text, label }: DelimitedLayout,
  { fields }: ReadOptions,
): string {
  const format = `${delimiter === "\t" ? "TSV" : "CSV"} with ${NAMES[delimiter] ?? JSON.stringify(delimiter)}`;
  if (fields) {
    const all = `${hasHeader ? "a" : "no"} header, ${counted(fields.length, "column")} and label`;
    return label < 0 ? `${format}, ${counted(fields.length, "column")}` : `${format}, ${all}`;
  }
  if (label < 0) return `${format}, text in column "${columns[text]}"`;
  const names = hasHeader ? `"${columns[text]}" and "${columns[label]}"` : `${columns[text]} and ${columns[label]}`;
  return `${format}, ${hasHeader ? "a" : "no"} header, text and label in columns ${names}`;
}

/** Returns the first records of the head. One that the head cuts off is only returned if there is no other. */
function sample(source: TextSource, syntax: CsvSyntax): readonly (readonly string[])[] {
  const whole = parseRecords(source.head, syntax, source.headIsAll, SAMPLE);
  const { data } = whole.data.length > 0 ? whole : parseRecords(source.head, syntax, true, SAMPLE);
  return data.slice(0, SAMPLE).map((record) => {
    const fields = [...record];
    fields.push(fields.pop()!.replace(/\r$/, ""));
    return fields;
  });
}

/** Returns the named delimiter, or else the one that finds both columns in the first record, or splits most evenly. */
function delimiterOf(
  source: TextSource,
  options: ReadOptions,
  syntax: Omit<CsvSyntax, "delimiter">,
  tabs: boolean,
): string {
  const { delimiter } = options;
  if (delimiter !== "auto") {
    if (/^(tab|\\t)$/.test(delimiter)) return "\t";
    if ([...delimiter].length !== 1 || '"\r\n\uFEFF'.includes(delimiter)) {
      throw cannotRead(source.name, `the delimiter is ${JSON.stringify(delimiter)}, expected one character or tab`);
    }
    return delimiter;
  }
  if (tabs) return "\t";
  let best = ",";
  let most = 0;
  for (const candidate of DELIMITERS) {
    const records = sample(source, { ...syntax, delimiter: candidate }).filter((record) => record.join("") !== "");
    const [first] = records;
    if (!first || first.length < 2) continue;
    const names = first.map((name) => name.trim().toLowerCase());
    const { fields = [{ name: options.textColumn }], extras = [] } = options;
    const wanted = [...fields.map(({ name }) => name), ...options.unlabelled ? [] : [options.labelColumn], ...extras];
    const named = wanted.every((name) => names.includes(name.toLowerCase()));
    const even = records.filter(({ length }) => length === first.length).length / records.length;
    const score = (named ? 1 : 0) + even;
    if (score > most) [best, most] = [candidate, score];
  }
  return best;
}
