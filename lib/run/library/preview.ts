/** Shows what a file has before anyone says which columns are meant: its columns and first rows, from its first bytes. */
import { z } from "zod";
import { shortened, shortJson } from "../../base/printable.ts";
import { isRecord } from "../../base/record.ts";
import { cannotRead, openBeginning } from "../../formats/bytes.ts";
import { firstRecords } from "../../formats/csv.ts";
import { isProblem } from "../../formats/entry.ts";
import { type ReadOptions, readShape } from "../../formats/read_options.ts";
import { formatOf, openSource, rowsText } from "../../formats/rows.ts";

export const previewSchema = z.object({
  format: z.string(),
  /** Names of the columns or keys, or `1`, `2`, … without a header; none if a line has its label in front. */
  columns: z.array(z.string()),
  /** Tells whether the first record is a header; without one, a run needs `header` no. */
  hasHeader: z.boolean(),
  /** The first rows, with a value per column; long values are shortened. */
  rows: z.array(z.array(z.string())),
  /** Probably the column of the text, and that of the label; null if none looks like it. */
  textColumn: z.string().nullable(),
  labelColumn: z.string().nullable(),
});
export type Preview = Readonly<z.infer<typeof previewSchema>>;

/** Limits the columns and rows that are shown, and the characters of a value. */
const [MOST_COLUMNS, MOST_ROWS, LONGEST] = [100, 5, 200];

/** Lines of JSON from which the keys are collected. */
const LINES = 200;

/** Reads the beginning of the file at `path`. Throws an InputError if it is no file of rows. */
export async function previewRows(path: string): Promise<Preview> {
  const options: ReadOptions = { ...z.object(readShape).parse({}), format: "auto" };
  const source = await openBeginning(path);
  const { name: format } = formatOf(source, options);
  const text = rowsText(source, options);
  if (format === "csv" || format === "tsv") {
    const { records } = firstRecords(text, options, format === "tsv");
    const [first = [], ...others] = records.filter((record) => record.join("").trim() !== "");
    const hasHeader = isHeader(first, others);
    const columns = first.slice(0, MOST_COLUMNS).map((name, index) => hasHeader ? name.trim() : String(index + 1));
    return preview(format, columns, hasHeader, hasHeader ? others : [first, ...others]);
  }
  const lines = text.head.split("\n").slice(0, LINES).filter((line) => line.trim() !== "");
  if (format === "fasttext") {
    const rows = lines.slice(0, MOST_ROWS).map((line) => [shortened(line, LONGEST)]);
    return { format, columns: [], hasHeader: false, rows, textColumn: null, labelColumn: null };
  }
  const objects = lines.flatMap(objectIn);
  const columns = [...new Set(objects.flatMap((object) => Object.keys(object)))].slice(0, MOST_COLUMNS);
  const cell = (value: unknown) => value === undefined ? "" : typeof value === "string" ? value : shortJson(value);
  return preview(format, columns, true, objects.map((object) => columns.map((key) => cell(object[key]))));
}

function objectIn(line: string): Readonly<Record<string, unknown>>[] {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? [value] : [];
  } catch {
    return []; // The last line may be cut, and bad rows are reported when the file is read.
  }
}

type Rows = readonly (readonly string[])[];

function preview(format: string, columns: readonly string[], hasHeader: boolean, rows: Rows): Preview {
  const labelColumn = likeliest(columns, rows, "label");
  const others = columns.filter((column) => column !== labelColumn);
  const textColumn = likeliest(others, rows.map((row) => row.filter((_, at) => columns[at] !== labelColumn)), "text");
  const shown = rows.slice(0, MOST_ROWS).map((row) => columns.map((_, at) => shortened(row[at] ?? "", LONGEST)));
  return { format, columns: [...columns], hasHeader, rows: shown, textColumn, labelColumn };
}

/** Tells whether `first` names columns: no value is empty, a number, or the same as one below it. */
function isHeader(first: readonly string[], others: Rows): boolean {
  const names = first.map((name) => name.trim());
  return new Set(names).size === names.length &&
    names.every((name, at) =>
      name !== "" && Number.isNaN(Number(name)) && name.length <= LONGEST &&
      !others.some((row) => row[at]?.trim() === name)
    );
}

/** Returns the column `name`, or else the one whose values are most like labels (few and short) or texts (long). */
function likeliest(columns: readonly string[], rows: Rows, name: "text" | "label"): string | null {
  const named = columns.find((column) => column.toLowerCase() === name);
  if (named !== undefined) return named;
  const scores = columns.map((_, at) => {
    const values = rows.map((row) => row[at] ?? "");
    const length = values.reduce((sum, value) => sum + value.length, 0) / Math.max(1, values.length);
    const variety = new Set(values).size / Math.max(1, values.length);
    if (name === "text") return length * variety;
    return variety > 0.5 || new Set(values).size < 2 ? 0 : 1 / (1 + length);
  });
  const best = Math.max(0, ...scores);
  return best > 0 ? columns[scores.indexOf(best)] ?? null : null;
}

/** Rows at the beginning of a file that are read to say early that it cannot be used. */
const CHECKED = 10;

/** Throws an InputError if the file at `path` has not the columns of `options`, or if none of its first rows can be read. */
export async function checkBeginning(path: string, options: ReadOptions): Promise<void> {
  for await (const entries of openSource(await openBeginning(path), options).batches()) {
    const first = entries.slice(0, CHECKED);
    const [entry] = first;
    if (!entry || !isProblem(entry) || !first.every(isProblem)) return;
    throw cannotRead(path, `line ${entry.line} ${entry.problem}`);
  }
}
