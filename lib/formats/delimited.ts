/**
 * Reads the rows of CSV and TSV, quoted as in RFC 4180. A record with wrong quotes makes one line a problem; reading continues
 * at the next line.
 */
import { counted } from "../base/counted.ts";
import { cannotRead } from "./bytes.ts";
import type { ReadOptions } from "./read_options.ts";
import {
  EMPTY_LABEL,
  type Entry,
  fieldRow,
  labelsOf,
  MAX_ROW,
  readLabels,
  type RowContent,
  type RowInput,
  separated,
  textProblem,
  TOO_LONG,
} from "./entry.ts";
import type { DelimitedLayout } from "./layout.ts";
import { parseRecords } from "./records/papaparse.ts";
import { spacedQuotes } from "./records/spaced_quotes.ts";
import type { TextSource } from "./text.ts";

/** Records with wrong quotes that are skipped; each may cost a search through all the text that was read. */
const MAX_QUOTE_PROBLEMS = 100;

/** Reads the rows of `source` in batches. Throws an InputError if quotes are wrong too often for quoted CSV. */
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
  /** The line where `#rest` begins. */
  #line = 1;
  #separatorIsDue: boolean;
  #headerIsDue: boolean;
  #quoteProblems = 0;
  /** True within a line that is too long. */
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

  /** Returns the rows that `chunk` completes; the `last` chunk completes all. */
  read(chunk: string, last: boolean): Entry[] {
    const entries: Entry[] = [];
    this.#rest += chunk;
    if (this.#skipping && !this.#skipLine()) return entries;
    // After a problem only few records are parsed at a time, so that each problem does not cost a search through the text.
    for (let limit = 0; this.#rest !== "";) {
      const { data, errors, used } = parseRecords(this.#rest, this.#layout.syntax, last, limit);
      const [error] = errors;
      const firstLine = this.#line;
      for (const record of error ? data.slice(0, error.row) : data) this.#take(record, entries);
      if (error) {
        this.#line = firstLine + count(this.#rest.slice(0, error.index), this.#newline);
        this.#skipQuotes(error.index, error.code, entries);
        limit = 1;
        continue;
      }
      this.#rest = this.#rest.slice(used);
      if (limit === 0 || data.length < limit) {
        if (this.#rest.length <= MAX_ROW) break;
        this.#skipLong(entries);
        if (this.#skipping) break;
      }
      limit *= 2;
    }
    return entries;
  }

  /** Adds the row of `record`, which begins at `#line`, and moves `#line` behind it. */
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
    if (!row) return;
    const found = this.#options.originals ? { ...place, original: this.#fields(record) } : place;
    entries.push(typeof row === "string" ? { ...found, problem: row } : { ...found, ...row });
  }

  /** Returns the fields of `record` without quotes and the line end. */
  #fields(record: readonly string[]): readonly string[] {
    const { spacedQuotes: spaced, syntax } = this.#layout;
    const fields = [...(spaced ? spacedQuotes(record, syntax.delimiter) : record)];
    fields.push(fields.pop()!.replace(/\r$/, ""));
    return fields;
  }

  /** Returns the row of `given` or its problem; undefined for an empty record or a repeated header. */
  #row(
    given: readonly string[],
    place: { readonly file: string; readonly line: number },
  ): RowContent | string | undefined {
    const { columns, text: textAt, label: labelAt, more, hasHeader, syntax } = this.#layout;
    const record = this.#layout.spacedQuotes ? spacedQuotes(given, syntax.delimiter) : given;
    if (labelAt >= 0 && isBlank(record)) return undefined;
    if (hasHeader && this.#options.rules !== 1 && isHeader(record, columns)) {
      this.#options.warn?.({ ...place, warning: "repeats the header, and is skipped" });
      return undefined;
    }
    if (hasHeader && labelAt >= 0 && swaps(record, this.#layout)) {
      return `is a header with its columns in another order, expected ${
        columns.join(", ")
      }: do not concatenate such files`;
    }
    if (record.length !== columns.length) {
      const names = columns.length <= 8 ? ` (${columns.join(", ")})` : "";
      const isCut = record.length > columns.length && this.#options.quotes !== "none";
      const hint = isCut ? `: quote fields that contain ${JSON.stringify(syntax.delimiter)}` : "";
      return `has ${counted(record.length, "field")}, expected ${columns.length}${names}${hint}`;
    }
    const at = (column: number) => column === record.length - 1 ? record[column]!.replace(/\r$/, "") : record[column]!;
    const text = at(textAt);
    const others = more.map(at);
    const labelText = record[labelAt];
    for (const field of labelText === undefined ? [text, ...others] : [text, labelText, ...others]) {
      const bad = textProblem(field, this.#source.damaged());
      if (bad) return bad;
    }
    const content = this.#content(text, others);
    if (typeof content === "string") return content;
    if (labelText === undefined) return { ...content, label: "" };
    const isMany = this.#options.labels === "many";
    const texts = isMany ? separated(labelText, this.#options) : [labelText];
    const read = readLabels(texts, isMany ? "many" : "one", this.#options, place);
    if (typeof read === "string") return read === EMPTY_LABEL ? `${read} (column "${columns[labelAt]}")` : read;
    if (this.#options.warn) { for (const label of labelsOf(read)) this.#swallowed.know(label); }
    return { ...content, ...read };
  }

  /** Makes a row of its text, or first field, and of its `more` columns. Returns its problem if a field is wrong. */
  #content(text: string, more: readonly string[]): RowInput & Pick<RowContent, "extras"> | string {
    const { fields, extras } = this.#options;
    if (!fields && !extras) return { text };
    const count = (fields?.length ?? 1) - 1;
    const row = fields ? fieldRow(fields, [text, ...more.slice(0, count)]) : { text };
    return typeof row === "string" || !extras ? row : { ...row, extras: more.slice(count) };
  }

  /** Skips the line in which a field with wrong quotes begins, at `index` of `#rest`. */
  #skipQuotes(index: number, code: string, entries: Entry[]): void {
    const problem = code === "MissingQuotes"
      ? "opens a quote that is never closed"
      : 'has a quote inside a quoted field: double it ("")';
    const end = this.#rest.indexOf(this.#newline, index);
    const begin = this.#rest.lastIndexOf(this.#newline, index - 1) + 1;
    this.#report(problem, entries, this.#rest.slice(begin, end < 0 ? undefined : end).replace(/\r$/, ""));
    if (++this.#quoteProblems > MAX_QUOTE_PROBLEMS) {
      throw cannotRead(
        this.#source.name,
        `more than ${counted(MAX_QUOTE_PROBLEMS, "row")} have wrong quotes, the last on line ${this.#line}. ` +
          "If quotes have no meaning in it, set `quotes` to none",
      );
    }
    this.#nextLine(end);
  }

  /** Skips the first line of a record that is too long, perhaps because of a quote that is not closed. */
  #skipLong(entries: Entry[]): void {
    const end = this.#rest.indexOf(this.#newline);
    const isLine = end < 0 || end > MAX_ROW;
    this.#report(isLine ? TOO_LONG : `${TOO_LONG}: it opens a quote that is not closed`, entries);
    this.#nextLine(end);
    if (end < 0) this.#skipping = true;
  }

  #report(problem: string, entries: Entry[], line?: string): void {
    this.#headerIsDue = false;
    const original = this.#options.originals ? line : undefined;
    entries.push({ file: this.#source.name, line: this.#line, problem, ...original !== undefined && { original } });
  }

  /** Moves behind the line end at `end`; -1 is the end of the text. */
  #nextLine(end: number): void {
    this.#rest = end < 0 ? "" : this.#rest.slice(end + 1);
    if (end >= 0) this.#line++;
  }

  /** Drops the rest of a line that is too long. Returns true at its end. */
  #skipLine(): boolean {
    const end = this.#rest.indexOf(this.#newline);
    this.#nextLine(end);
    this.#skipping = end < 0;
    return !this.#skipping;
  }
}

/** Tells whether all fields are blank, as in the last records that spreadsheets write. */
function isBlank(record: readonly string[]): boolean {
  for (const field of record) if (field !== "" && field.trim() !== "") return false;
  return true;
}

/** Returns a name in a header. The header of a concatenated file may have a byte order mark and quotes. */
function nameOf(field: string): string {
  return field.trim().replace(/^"(.*)"$/, "$1");
}

/** Tells quickly whether a field may be `name` with space, quotes and a mark around it. */
function mayBe(field: string, name: string): boolean {
  return field.length < name.length + 20 && field.includes(name);
}

function isHeader(record: readonly string[], columns: readonly string[]): boolean {
  // For most rows the length of the first field already decides.
  return record.length === columns.length && mayBe(record[0]!, columns[0]!) &&
    columns.every((name, index) => nameOf(record[index]!) === name);
}

/** Tells whether the text field has the name of the label column, and the label field that of the text column. */
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

/** Labels that are remembered. */
const MOST_LABELS = 1000;

/** Finds rows that a quote swallowed: a quote opens a field, and a quote of another row, many lines later, closes it. */
class SwallowedRows {
  readonly #layout: DelimitedLayout;
  readonly #labels = new Set<string>();

  constructor(layout: DelimitedLayout) {
    this.#layout = layout;
  }

  /** Remembers the label of a row. */
  know(label: string): void {
    if (this.#labels.size < MOST_LABELS) this.#labels.add(label);
  }

  /** Returns a warning if a line within `field` has as many fields as a row, and a known label. */
  warning(field: string, record: readonly string[]): string | undefined {
    const { columns, label, syntax: { delimiter, newline } } = this.#layout;
    const lines = field.split(newline);
    const own = record[label]?.trim();
    const isLabel = (text: string | undefined) => text !== undefined && (this.#labels.has(text) || text === own);
    const isRow = (fields: readonly string[]) => fields.length === columns.length && isLabel(fields[label]?.trim());
    if (label < 0 || !lines.some((line) => isRow(line.split(delimiter)))) return undefined;
    const size = counted(lines.length, "line");
    return `has a quoted field of ${size} that look like rows: if quotes have no meaning in it, set \`quotes\` to none`;
  }
}
