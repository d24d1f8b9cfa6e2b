/** Which format a source has: by what the options say, by its name's extension and by how its text begins. */
import type { ReadOptions } from "../../config/data_shape.ts";
import { refusal } from "./bytes.ts";
import { refuseOtherJson } from "./json_shape.ts";
import { type DelimitedLayout, delimitedLayout } from "./layout.ts";
import { type CsvSyntax, parseRecords } from "./papaparse.ts";
import type { TextSource } from "./text.ts";

export type Format = { readonly kind: "jsonl" | "fasttext" } | {
  readonly kind: "delimited";
  readonly layout: DelimitedLayout;
};

const DELIMITERS = [",", "\t", ";", "|"];
const NAMES: Readonly<Record<string, string>> = { ",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars" };

/** A first line that tells Excel the delimiter. */
const NAMED_DELIMITER = /^\s*"?sep=([^\r\n])"?[ \t]*(?:\r\n|\n|\r|$)/i;

/** Records of the head that are looked at. */
const SAMPLE = 1000;

/** The format of `source`. Throws an InputError if its columns are not those that `options` name. */
export function recognise(source: TextSource, options: ReadOptions): Format {
  const kind = options.format === "auto" ? kindOf(source) : options.format;
  if (kind === "jsonl" || options.format === "auto") refuseOtherJson(source, options);
  if (kind === "jsonl" || kind === "fasttext") return { kind };
  const syntax: Omit<CsvSyntax, "delimiter"> = {
    newline: source.head.includes("\n") || !source.head.includes("\r") ? "\n" : "\r",
    quotes: options.quotes,
  };
  const named = NAMED_DELIMITER.exec(source.head);
  const rows = named ? { ...source, head: source.head.slice(named[0].length) } : source;
  const delimiter = options.delimiter === "auto" && named
    ? named[1]!
    : delimiterOf(rows, options, syntax, kind === "tsv");
  const layout = delimitedLayout(rows, { ...syntax, delimiter }, sample, options, named !== null);
  return { kind: "delimited", layout };
}

/** The format in words: `CSV with a header, commas between columns text and label`. */
export function describeFormat(format: Format): string {
  if (format.kind !== "delimited") return format.kind === "jsonl" ? "JSON lines" : "fastText lines";
  const { syntax: { delimiter }, columns, hasHeader, text, label } = format.layout;
  const separator = NAMES[delimiter] ?? JSON.stringify(delimiter);
  if (label < 0) return `${delimiter === "\t" ? "TSV" : "CSV"} with ${separator}, text in column "${columns[text]}"`;
  const names = hasHeader ? `"${columns[text]}" and "${columns[label]}"` : `${columns[text]} and ${columns[label]}`;
  return `${delimiter === "\t" ? "TSV" : "CSV"} with ${separator}, ` +
    `${hasHeader ? "a" : "no"} header, text and label in columns ${names}`;
}

function kindOf({ name, head }: TextSource): "csv" | "tsv" | "jsonl" | "fasttext" {
  const extension = /\.([a-z]+)(?:\.gz)?$/i.exec(name)?.[1]?.toLowerCase() ?? "";
  if (extension === "csv") return "csv";
  if (extension === "tsv" || extension === "tab") return "tsv";
  if (extension === "jsonl" || extension === "ndjson") return "jsonl";
  const start = head.trimStart();
  return /^\{\s*["}]/.test(start) ? "jsonl" : isFastText(start) ? "fasttext" : "csv";
}

/** Whether the first line has a word that is a label, and most others too. */
function isFastText(head: string): boolean {
  if (head.startsWith("__label__")) return true;
  const lines = head.split("\n", SAMPLE).filter((line) => line.trim() !== "");
  const labelled = lines.map((line) => /(?<!\S)__label__/.test(line));
  return labelled[0] === true && labelled.filter(Boolean).length > 0.5 * lines.length;
}

/** The first records of the head; those that the head cuts off are left out, unless there is no other. */
function sample(source: TextSource, syntax: CsvSyntax): readonly (readonly string[])[] {
  const whole = parseRecords(source.head, syntax, source.headIsAll, SAMPLE);
  const { data } = whole.data.length > 0 ? whole : parseRecords(source.head, syntax, true, SAMPLE);
  return data.slice(0, SAMPLE).map((record) => {
    const fields = [...record];
    fields.push(fields.pop()!.replace(/\r$/, ""));
    return fields;
  });
}

/** The delimiter that is named; else the one that finds both columns in the first record, or cuts most evenly. */
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
      throw refusal(
        source.name,
        `cannot be read with the delimiter ${JSON.stringify(delimiter)}: expected one character`,
      );
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
    const wanted = options.unlabelled ? [options.textColumn] : [options.textColumn, options.labelColumn];
    const named = wanted.every((name) => names.includes(name.toLowerCase()));
    const even = records.filter(({ length }) => length === first.length).length / records.length;
    const score = (named ? 1 : 0) + even;
    if (score > most) [best, most] = [candidate, score];
  }
  return best;
}
