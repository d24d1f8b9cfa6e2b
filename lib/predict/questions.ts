/** Reads the questions of the command `predict`: for each line, or row of a file, the input, or why it is refused, in order. */
import { readingOf } from "../formats/columns.ts";
import type { ReadOptions } from "../formats/read_options.ts";
import { InputError, inputError } from "../base/errors.ts";
import { isRecord } from "../base/record.ts";
import { inputOf, isProblem, type RowInput, textProblem } from "../formats/entry.ts";
import { openBytes, quotedSource, sourceName } from "../formats/bytes.ts";
import { DELIMITERS } from "../formats/csv.ts";
import { parseRow } from "../formats/jsonl.ts";
import { readLines } from "../formats/lines.ts";
import { asText, openRows, refuseTwice } from "../formats/rows.ts";
import type { Input, Reader } from "./types.ts";

/** One question. `line` is where it begins; the first line is 1. */
export type Question =
  & { readonly file: string; readonly line: number }
  & ({ readonly input: Input } | { readonly error: string });

type Columns = Pick<ReadOptions, "textColumn" | "labelColumn">;

/**
 * Reads the lines of standard input, blank ones too, in batches of those that have arrived: a text each, or a JSON object
 * with one. `followed` is the name of another source that `input` has the bytes of. Throws an InputError if the input is not
 * text, or begins like a table.
 */
export async function* questionsByLine(
  input: AsyncIterable<Uint8Array> | undefined,
  reader: Reader,
  columns: Columns,
  followed?: string,
): AsyncGenerator<Question[], void, void> {
  const source = asText({ ...await openBytes("-", input, "line"), name: followed ?? "-" });
  if (reader.text) refuseTable(source.head, { ...columns, ...readingOf(reader.columns) }, followed);
  for await (const lines of readLines(source, { blank: true })) {
    yield lines.map((entry) =>
      isLineProblem(entry)
        ? refused("-", entry.line, entry.problem)
        : question("-", entry.line, (field) => readLine(entry.text, reader, columns, source.damaged(), field))
    );
  }
}

/** Reads the rows of `sources` as training does, but without their labels. Throws as that does. */
export async function* questionsByRow(
  sources: readonly string[],
  input: AsyncIterable<Uint8Array> | undefined,
  reader: Reader,
  options: ReadOptions,
): AsyncGenerator<Question[], void, void> {
  refuseTwice(sources);
  for (const source of sources) {
    const reading = { ...options, ...readingOf(reader.columns), rules: reader.rules, unlabelled: true };
    const rows = await openRows(source, reading, input);
    for await (const batch of rows.batches()) {
      yield batch.map((entry) =>
        isProblem(entry)
          ? refused(entry.file, entry.line, entry.problem)
          : question(entry.file, entry.line, (field) => readRow(entry, reader, field))
      );
    }
  }
}

function question(file: string, line: number, read: (field: string) => Input): Question {
  try {
    return { file, line, input: read(placeOf(file, line)) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { file, line, error: error.message };
  }
}

function refused(file: string, line: number, problem: string): Question {
  return { file, line, error: `${placeOf(file, line)} ${problem}` };
}

function placeOf(file: string, line: number): string {
  return file === "-" ? `line ${line}` : `${sourceName(file)}:${line}`;
}

function isLineProblem(entry: object): entry is { readonly problem: string; readonly line: number } {
  return "problem" in entry;
}

/** Returns what `reader` makes of a row. Throws an InputError about `field` if it cannot be read. */
export function readRow(row: RowInput, reader: Reader, field: string): Input {
  const content = inputOf(row);
  if (typeof content === "object" && "fields" in content) return content;
  return typeof content === "string" ? reader.readText(content, field) : reader.readTokens(content, field);
}

/** Reads `line` as a JSON object with a text, tokens or fields, as a text, or as the token ids that it lists. */
export function readLine(line: string, reader: Reader, columns: Columns, damaged: boolean, field: string): Input {
  const bad = textProblem(line, damaged);
  if (bad) throw inputError(field, `${field} ${bad}`);
  if (!reader.text) return reader.readTokens(parseIds(line), field);
  const { fields } = readingOf(reader.columns);
  if (!fields && !isQuestionObject(line, columns.textColumn)) return reader.readText(line, field);
  if (fields && !/^\s*\{/.test(line)) return reader.readText(line, field);
  const row = parseRow(line, { ...columns, ...readingOf(fields), rules: reader.rules, unlabelled: true }, damaged);
  if (typeof row === "string") throw inputError(field, `${field} ${row}`);
  return readRow(row, reader, field);
}

/** Returns whether `line` is a JSON object that has a text, or tokens. */
function isQuestionObject(line: string, textColumn: string): boolean {
  if (!/^\s*\{/.test(line)) return false;
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) && [textColumn, "text", "tokens"].some((key) => Object.hasOwn(value, key));
  } catch {
    return false;
  }
}

/** Returns the ids in `21 6 37`, `21, 6, 37`, `[21, 6, 37]` or `{"tokens": [21, 6, 37]}`; other words stay text. */
export function parseIds(line: string): unknown {
  const list = /^\s*(?:\{\s*"tokens"\s*:)?\s*\[(.*)\]\s*\}?\s*$/.exec(line)?.[1] ?? line;
  const words = list.split(/[\s,]+/).filter((word) => word !== "");
  return words.map((word) => /^[+-]?\d+$/.test(word) ? Number(word) : word);
}

/** The form of column names: short, and begun by a letter. */
const NAME = /^[\p{L}_][\p{L}\p{N}_ .:#/-]{0,63}$/u;

/**
 * Throws an InputError if `head` begins with a header that has the run's text column, or with fastText's
 * labels: each line of a file of rows would be predicted as if it were a text.
 */
function refuseTable(
  head: string,
  { textColumn }: Pick<ReadOptions, "textColumn">,
  followed: string | undefined,
): void {
  const first = head.split("\n", 1)[0]!.replace(/\r$/, "");
  const what = hasHeader(first, textColumn)
    ? `begins with the column names ${JSON.stringify(first.slice(0, 80))}, as a CSV file does`
    : /^\s*__label__\S/.test(first)
    ? "begins with __label__, as fastText lines do"
    : undefined;
  if (what === undefined) return;
  const otherwise = followed === undefined
    ? "set `data` to - to read it as rows"
    : "expected lines that are texts or JSON objects";
  throw inputError(sourceName(followed ?? "-"), `${quotedSource(followed ?? "-")} ${what}: ${otherwise}`);
}

/** Returns whether `line` has only names of columns, with the text's among them. */
function hasHeader(line: string, textColumn: string): boolean {
  return DELIMITERS.some((delimiter) => {
    const names = line.split(delimiter).map((name) => name.replace(/^"(.*)"$/, "$1"));
    const same = (name: string) => name.toLowerCase() === textColumn.toLowerCase();
    return names.length > 1 && names.some(same) && names.every((name) => NAME.test(name) && name.trim() === name);
  });
}
