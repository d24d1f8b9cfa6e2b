/** The rows of CSV and TSV. Quoting is RFC 4180's; a record with other quotes costs one line, and reading goes on after it. */
import { counted } from "../../base/counted.ts";
import { refusal } from "./bytes.ts";
import type { ReadOptions } from "../../config/data_shape.ts";
import { type Entry, MAX_ROW, readLabel, textProblem, TOO_LONG } from "./entry.ts";
import type { DelimitedLayout } from "./layout.ts";
import { parseRecords } from "./papaparse.ts";
import { spacedQuotes } from "./spaced_quotes.ts";
import { SwallowedRows } from "./swallowed_rows.ts";
import type { TextSource } from "./text.ts";

/** Records with wrong quotes that are passed over; each may take a look at all the text at hand. */
const MAX_QUOTE_PROBLEMS = 100;

/** The rows of `source` in batches. Throws an InputError when quotes are wrong too often for this to be quoted CSV. */
export async function* readDelimited(
  source: TextSource,
  layout: DelimitedLayout,
  options: ReadOptions,
): AsyncGenerator<Entry[], void, void> {
  const reader = new DelimitedReader(source, layout, options);
  for await (const chunk of source.chunks()) yield reader.read(chunk, false);
  yield reader.read("", true);
}

class DelimitedReader {
  readonly #source: TextSource;
  readonly #layout: DelimitedLayout;
  readonly #options: ReadOptions;
  readonly #swallowed: SwallowedRows;
  readonly #newline: string;
  #rest = "";
  /** Where `#rest` begins. */
  #line = 1;
  #separatorIsDue: boolean;
  #headerIsDue: boolean;
  #quoteProblems = 0;
  /** Within a line that is too long. */
  #skipping = false;

  constructor(source: TextSource, layout: DelimitedLayout, options: ReadOptions) {
    this.#source = source;
    this.#layout = layout;
    this.#options = options;
    this.#swallowed = new SwallowedRows(layout);
    this.#separatorIsDue = layout.namesDelimiter;
    this.#newline = layout.syntax.newline;
    this.#headerIsDue = layout.hasHeader;
  }

  /** The rows that are whole with `chunk`; with the `last` one, all that are left. */
  read(chunk: string, last: boolean): Entry[] {
    const entries: Entry[] = [];
    this.#rest += chunk;
    if (this.#skipping && !this.#skipLine()) return entries;
    // After a problem few records at a time are parsed, so that many problems do not cost as many looks at all the text.
    for (let limit = 0; this.#rest !== "";) {
      const { data, errors, used } = parseRecords(this.#rest, this.#layout.syntax, last, limit);
      const [error] = errors;
      const firstLine = this.#line;
      for (const record of error ? data.slice(0, error.row) : data) this.#take(record, entries);
      if (error) {
        this.#line = firstLine + count(this.#rest.slice(0, error.index), this.#newline);
        this.#passOver(error.index, error.code, entries);
        limit = 1;
        continue;
      }
      this.#rest = this.#rest.slice(used);
      if (limit === 0 || data.length < limit) {
        if (this.#rest.length <= MAX_ROW) break;
        this.#passOverLong(entries);
        if (this.#skipping) break;
      }
      limit *= 2;
    }
    return entries;
  }

  /** Adds the row of `record`, which begins at `#line`, and goes to the line after it. */
  #take(record: readonly string[], entries: Entry[]): void {
    const line = this.#line;
    this.#line++;
    const place = { file: this.#source.name, line };
    for (const field of record) {
      if (!field.includes(this.#newline)) continue;
      this.#line += count(field, this.#newline);
      const warning = this.#options.warn && this.#swallowed.warning(field, record);
      if (warning) this.#options.warn?.({ ...place, warning });
    }
    if (record.length === 1 && record[0]!.trim() === "") return;
    if (this.#separatorIsDue) {
      this.#separatorIsDue = false;
      return;
    }
    if (this.#headerIsDue) {
      this.#headerIsDue = false;
      return;
    }
    const row = this.#row(record, place);
    if (row) entries.push(typeof row === "string" ? { ...place, problem: row } : { ...place, ...row });
  }

  /** The row of `given`, or what is wrong with it; nothing where it is none, as it holds nothing or the header again. */
  #row(
    given: readonly string[],
    place: { readonly file: string; readonly line: number },
  ): { readonly text: string; readonly label: string } | string | undefined {
    const { columns, text: textAt, label: labelAt, hasHeader, syntax } = this.#layout;
    const record = this.#layout.spacedQuotes ? spacedQuotes(given, syntax.delimiter) : given;
    if (labelAt >= 0 && isBlank(record)) return undefined;
    if (hasHeader && this.#options.rules !== 1 && isHeader(record, columns)) {
      this.#options.warn?.({ ...place, warning: "repeats the header, and is left out" });
      return undefined;
    }
    if (hasHeader && labelAt >= 0 && swaps(record, this.#layout)) {
      return `is a header with its columns in another order, expected ${
        columns.join(", ")
      }: name such files one by one`;
    }
    if (record.length !== columns.length) {
      const names = columns.length <= 8 ? ` (${columns.join(", ")})` : "";
      const isCut = record.length > columns.length && this.#options.quotes !== "none";
      const hint = isCut ? `: quote a field that holds ${JSON.stringify(syntax.delimiter)}` : "";
      return `has ${counted(record.length, "field")}, expected ${columns.length}${names}${hint}`;
    }
    const text = textAt === record.length - 1 ? record[textAt]!.replace(/\r$/, "") : record[textAt]!;
    const labelText = record[labelAt];
    if (labelText === undefined) return textProblem(text, this.#source.damaged()) ?? { text, label: "" };
    const bad = textProblem(text, this.#source.damaged()) ?? textProblem(labelText, this.#source.damaged());
    if (bad) return bad;
    const label = readLabel(labelText, this.#options, place);
    if (this.#options.warn) this.#swallowed.know(label);
    return label === "" ? `has an empty label (column "${columns[labelAt]}")` : { text, label };
  }

  /** Passes over the line in which a field with wrong quotes begins, at `index` of `#rest`. */
  #passOver(index: number, code: string, entries: Entry[]): void {
    const problem = code === "MissingQuotes"
      ? "opens a quote that is never closed"
      : `has a quote inside a quoted field, expected it doubled: ""`;
    this.#report(problem, entries);
    if (++this.#quoteProblems > MAX_QUOTE_PROBLEMS) {
      throw refusal(
        this.#source.name,
        `has more than ${counted(MAX_QUOTE_PROBLEMS, "row")} with wrong quotes, the last on line ${this.#line}: ` +
          "if quotes have no meaning in it, set `quotes` to none",
      );
    }
    this.#nextLine(this.#rest.indexOf(this.#newline, index));
  }

  /** Passes over the first line of a record that is too long, or that a quote keeps open for too long. */
  #passOverLong(entries: Entry[]): void {
    const end = this.#rest.indexOf(this.#newline);
    const isLine = end < 0 || end > MAX_ROW;
    this.#report(isLine ? TOO_LONG : `${TOO_LONG}: it opens a quote that is not closed`, entries);
    this.#nextLine(end);
    if (end < 0) this.#skipping = true;
  }

  #report(problem: string, entries: Entry[]): void {
    this.#headerIsDue = false;
    entries.push({ file: this.#source.name, line: this.#line, problem });
  }

  /** Goes on after the end of a line at `end`; -1 for the end of the text. */
  #nextLine(end: number): void {
    this.#rest = end < 0 ? "" : this.#rest.slice(end + 1);
    if (end >= 0) this.#line++;
  }

  /** Drops the rest of a line that is too long. Returns whether its end is there. */
  #skipLine(): boolean {
    const end = this.#rest.indexOf(this.#newline);
    this.#nextLine(end);
    this.#skipping = end < 0;
    return !this.#skipping;
  }
}

/** Whether a record has nothing in it, as the last ones that spreadsheets write. */
function isBlank(record: readonly string[]): boolean {
  for (const field of record) if (field !== "" && field.trim() !== "") return false;
  return true;
}

/** A name in a header; that of a file that was appended may keep its byte order mark and its quotes. */
function nameOf(field: string): string {
  return field.trim().replace(/^"(.*)"$/, "$1");
}

/** Whether a field has `name`, before space, quotes and marks are looked at. */
function mayBe(field: string, name: string): boolean {
  return field.length < name.length + 20 && field.includes(name);
}

function isHeader(record: readonly string[], columns: readonly string[]): boolean {
  // Most rows are told by their first field, which has another length.
  return record.length === columns.length && mayBe(record[0]!, columns[0]!) &&
    columns.every((name, index) => nameOf(record[index]!) === name);
}

/** Whether what stands for the text is the label's name, and the other way round. */
function swaps(record: readonly string[], { columns, text, label }: DelimitedLayout): boolean {
  const [textName, labelName] = [columns[text]!, columns[label]!];
  return record[text] !== undefined && record[label] !== undefined && mayBe(record[text], labelName) &&
    nameOf(record[text]) === labelName && nameOf(record[label]) === textName;
}

function count(text: string, part: string): number {
  let found = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) found++;
  return found;
}
