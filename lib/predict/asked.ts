/** What `predict` is asked: for each line, or row of a file, the input that it is or why it is refused, in order. */
import type { ReadOptions } from "../config/data_shape.ts";
import { InputError } from "../base/errors.ts";
import { isProblem, type Row, textProblem } from "../data/formats/entry.ts";
import { sourceName } from "../data/formats/bytes.ts";
import { parseRow } from "../data/formats/jsonl.ts";
import { readLines } from "../data/formats/lines.ts";
import { openRows, refuseTwice } from "../data/formats/rows.ts";
import { openText } from "../data/formats/text.ts";
import { refuseTable } from "./header.ts";
import type { Input, Reader } from "./types.ts";

/** One question. `line` is where it begins; the first line is 1. */
export type Asked =
  & { readonly file: string; readonly line: number }
  & ({ readonly input: Input } | { readonly error: string });

type Columns = Pick<ReadOptions, "textColumn" | "labelColumn">;

/**
 * The lines of standard input, blank ones too, in batches of what is at hand: a text each, or a JSON object with one.
 * Throws an InputError if it is no text at all, or begins as a table does.
 */
export async function* askedByLines(
  input: AsyncIterable<Uint8Array> | undefined,
  reader: Reader,
  columns: Columns,
): AsyncGenerator<Asked[], void, void> {
  const source = await openText("-", input, "line");
  if (reader.text) refuseTable(source.head, columns);
  for await (const lines of readLines(source, { blank: true })) {
    yield lines.map((entry) =>
      isLineProblem(entry)
        ? refused("-", entry.line, entry.problem)
        : asked("-", entry.line, (field) => readLine(entry.text, reader, columns, source.damaged(), field))
    );
  }
}

/** The rows of `sources`, as training reads them but for their labels, which are not read. Throws as that does. */
export async function* askedByRows(
  sources: readonly string[],
  input: AsyncIterable<Uint8Array> | undefined,
  reader: Reader,
  options: ReadOptions,
): AsyncGenerator<Asked[], void, void> {
  refuseTwice(sources);
  for (const source of sources) {
    const rows = await openRows(source, { ...options, rules: reader.rules, unlabelled: true }, input);
    for await (const batch of rows.batches()) {
      yield batch.map((entry) =>
        isProblem(entry)
          ? refused(entry.file, entry.line, entry.problem)
          : asked(entry.file, entry.line, (field) => readRow(entry, reader, field))
      );
    }
  }
}

function asked(file: string, line: number, read: (field: string) => Input): Asked {
  try {
    return { file, line, input: read(placeOf(file, line)) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { file, line, error: error.message };
  }
}

function refused(file: string, line: number, problem: string): Asked {
  return { file, line, error: `${placeOf(file, line)} ${problem}` };
}

function placeOf(file: string, line: number): string {
  return file === "-" ? `line ${line}` : `${sourceName(file)}:${line}`;
}

function isLineProblem(entry: object): entry is { readonly problem: string; readonly line: number } {
  return "problem" in entry;
}

function readRow(
  row: Pick<Row, "label"> & ({ text: string } | { tokens: readonly string[] }),
  reader: Reader,
  field: string,
) {
  return "tokens" in row ? reader.readTokens(row.tokens, field) : reader.readText(row.text, field);
}

/** `line` as a JSON object with a text or tokens, as a text, or as the token ids that it lists. */
function readLine(line: string, reader: Reader, columns: Columns, damaged: boolean, field: string): Input {
  const bad = textProblem(line, damaged);
  if (bad) throw new InputError([{ field, message: `${field} ${bad}` }]);
  if (!reader.text) return reader.readTokens(idsOf(line), field);
  if (!asksByObject(line, columns.textColumn)) return reader.readText(line, field);
  const row = parseRow(line, { ...columns, rules: reader.rules, unlabelled: true }, damaged);
  if (typeof row === "string") throw new InputError([{ field, message: `${field} ${row}` }]);
  return readRow(row, reader, field);
}

/** Whether `line` is a JSON object that has a text, or tokens. */
function asksByObject(line: string, textColumn: string): boolean {
  if (!/^\s*\{/.test(line)) return false;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null &&
      [textColumn, "text", "tokens"].some((key) => Object.hasOwn(value, key));
  } catch {
    return false;
  }
}

/** The ids in `21 6 37`, `21, 6, 37`, `[21, 6, 37]` or `{"tokens": [21, 6, 37]}`; what is no number stays as it is. */
export function idsOf(line: string): unknown {
  const list = /^\s*(?:\{\s*"tokens"\s*:)?\s*\[(.*)\]\s*\}?\s*$/.exec(line)?.[1] ?? line;
  const words = list.split(/[\s,]+/).filter((word) => word !== "");
  return words.map((word) => /^[+-]?\d+$/.test(word) ? Number(word) : word);
}
