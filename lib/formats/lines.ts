/** Reads the lines of a text, and rows that each take a line. */
import { type Entry, MAX_ROW, type Place, type RowContent, type RowProblem, TOO_LONG } from "./entry.ts";
import type { ReadOptions } from "./read_options.ts";
import type { TextSource } from "./text.ts";

/** A line without its end. */
interface Line {
  readonly line: number;
  readonly text: string;
}

/**
 * Reads the lines of `source`, which end in LF or CRLF, in batches of what is available. Blank lines are skipped unless
 * `blank` is true; a line that is too long is a problem.
 */
export async function* readLines(
  source: TextSource,
  { blank = false } = {},
): AsyncGenerator<(Line | RowProblem)[], void, void> {
  let rest = "";
  let line = 1;
  /** True within a line that is too long. */
  let skipping = false;
  const whole = (text: string): (Line | RowProblem)[] => {
    const number = line++;
    if (skipping) return [];
    if (text.length > MAX_ROW) return [{ file: source.name, line: number, problem: TOO_LONG }];
    if (!blank && text.trim() === "") return [];
    return [{ line: number, text: text.endsWith("\r") ? text.slice(0, -1) : text }];
  };
  for await (const chunk of source.chunks()) {
    // The pieces of a long line are joined only once, at its end.
    const lines = chunk.includes("\n") ? (rest + chunk).split("\n") : [rest + chunk];
    rest = lines.pop()!;
    const batch: (Line | RowProblem)[] = [];
    for (const text of lines) {
      for (const one of whole(text)) batch.push(one);
      skipping = false;
    }
    if (rest.length > MAX_ROW) {
      if (!skipping) batch.push({ file: source.name, line, problem: TOO_LONG });
      skipping = true;
      rest = "";
    }
    yield batch;
  }
  // The last line may have no line end.
  if (rest !== "") yield whole(rest);
}

/**
 * Reads the rows of `source`, a row a line: `read` returns the row, or its problem. Problems take the place of bad rows.
 * `originals` keeps the lines.
 */
export async function* readRowLines(
  source: TextSource,
  { originals = false }: Pick<ReadOptions, "originals">,
  read: (text: string, place: Place) => RowContent | string,
): AsyncGenerator<Entry[], void, void> {
  for await (const lines of readLines(source)) {
    yield lines.map((entry): Entry => {
      if ("problem" in entry) return entry;
      const place = { file: source.name, line: entry.line };
      const row = read(entry.text, place);
      const found = originals ? { ...place, original: entry.text } : place;
      return typeof row === "string" ? { ...found, problem: row } : { ...found, ...row };
    });
  }
}
