import { MAX_ROW, type RowProblem, TOO_LONG } from "./entry.ts";
import type { TextSource } from "./text.ts";

/** A line without its end. */
export interface Line {
  readonly line: number;
  readonly text: string;
}

/**
 * The lines of `source`, in batches of what is at hand, ended by LF or CRLF. Blank ones are left out unless `blank` ones
 * are wanted; one that is too long is a problem.
 */
export async function* readLines(
  source: TextSource,
  { blank = false } = {},
): AsyncGenerator<(Line | RowProblem)[], void, void> {
  let rest = "";
  let line = 1;
  /** Within a line that is too long. */
  let skipping = false;
  const whole = (text: string): (Line | RowProblem)[] => {
    const number = line++;
    if (skipping) return [];
    if (text.length > MAX_ROW) return [{ file: source.name, line: number, problem: TOO_LONG }];
    if (!blank && text.trim() === "") return [];
    return [{ line: number, text: text.endsWith("\r") ? text.slice(0, -1) : text }];
  };
  for await (const chunk of source.chunks()) {
    // Of a long line the pieces are put together once, at its end.
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
  // The end of the last line may be missing.
  if (rest !== "") yield whole(rest);
}
