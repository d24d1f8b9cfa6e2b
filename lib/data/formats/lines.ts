import { MAX_ROW, type RowProblem, TOO_LONG } from "./entry.ts";
import type { TextSource } from "./text.ts";

/** A line without its end. */
export interface Line {
  readonly line: number;
  readonly text: string;
}

/** The lines of `source` in batches, ended by LF or CRLF; blank ones are left out, and one too long is a problem. */
export async function* readLines(source: TextSource): AsyncGenerator<(Line | RowProblem)[], void, void> {
  let rest = "";
  let line = 1;
  /** Within a line that is too long. */
  let skipping = false;
  for await (const chunk of ended(source.chunks())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    const batch: (Line | RowProblem)[] = [];
    for (const text of lines) {
      if (skipping) skipping = false;
      else if (text.length > MAX_ROW) batch.push({ file: source.name, line, problem: TOO_LONG });
      else if (text.trim() !== "") batch.push({ line, text: text.endsWith("\r") ? text.slice(0, -1) : text });
      line++;
    }
    if (rest.length > MAX_ROW) {
      if (!skipping) batch.push({ file: source.name, line, problem: TOO_LONG });
      skipping = true;
      rest = "";
    }
    yield batch;
  }
}

/** `chunks`, and the end that a last line may lack. */
async function* ended(chunks: AsyncIterable<string>): AsyncGenerator<string, void, void> {
  yield* chunks;
  yield "\n";
}
