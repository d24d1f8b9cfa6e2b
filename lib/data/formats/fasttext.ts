import { type Entry, textProblem } from "./entry.ts";
import { readLines } from "./lines.ts";
import type { TextSource } from "./text.ts";

const PREFIX = "__label__";

/** The rows of fastText's supervised format: `__label__spam Free entry …`, one label a line. */
export async function* readFastText(source: TextSource, unlabelled = false): AsyncGenerator<Entry[], void, void> {
  const file = source.name;
  for await (const lines of readLines(source)) {
    yield lines.map((entry) =>
      "problem" in entry ? entry : row(file, entry.line, entry.text, source.damaged(), unlabelled)
    );
  }
}

function row(file: string, line: number, text: string, damaged: boolean, unlabelled: boolean): Entry {
  const bad = textProblem(text, damaged);
  if (bad) return { file, line, problem: bad };
  if (unlabelled) return { file, line, label: "", text: text.replaceAll(/(?<=^|\s)__label__\S*/g, "").trim() };
  const words = text.trimStart().split(/\s+/, 2);
  if (!words[0]!.startsWith(PREFIX)) {
    return { file, line, problem: `begins with ${JSON.stringify(words[0]!.slice(0, 40))}, expected ${PREFIX}…` };
  }
  const label = words[0]!.slice(PREFIX.length);
  if (label === "") return { file, line, problem: `has an empty label, expected a name after ${PREFIX}` };
  if (words[1]?.startsWith(PREFIX)) return { file, line, problem: "has several labels, expected one" };
  return { file, line, label, text: text.trimStart().slice(words[0]!.length).trim() };
}
