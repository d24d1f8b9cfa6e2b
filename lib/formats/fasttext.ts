/** Reads fastText's supervised format: `__label__spam Free entry …`. */
import { cannotRead } from "./bytes.ts";
import type { ReadOptions } from "./read_options.ts";
import { shortened } from "../base/printable.ts";
import { type LabelCount, labelsOf, type Place, readLabels, type RowContent, textProblem } from "./entry.ts";
import { readRowLines } from "./lines.ts";
import { lineWriter } from "./writers/row_writer.ts";
import type { RowFormat } from "./format.ts";

const PREFIX = "__label__";
/** Matches a word that is a label, at any place. */
const LABEL = /(?<!\S)__label__(\S*)/g;

export const fastText = {
  name: "fasttext",
  extensions: [],
  detect: ({ text }) => isFastText(text.trimStart()),
  open({ text }, options) {
    const source = text();
    const column = options.fields?.[0]?.name ?? options.extras?.[0];
    if (column !== undefined) {
      const why = `fastText lines have no column ${JSON.stringify(column)}, expected CSV, TSV or JSON lines`;
      throw cannotRead(source.name, why);
    }
    const labels = options.labels === "auto" ? labelCount(source.head) : options.labels;
    return {
      description: "fastText lines",
      labels,
      batches: () =>
        readRowLines(source, options, (line, place) => readRow(line, labels, options, place, source.damaged())),
      writer: (added) => lineWriter(PREFIX, added),
    };
  },
} as const satisfies RowFormat;

/** Lines at the beginning that are checked for labels. */
const SAMPLE = 1000;

/** Tells whether the first line has a label, and most other lines as well. */
function isFastText(head: string): boolean {
  if (head.startsWith(PREFIX)) return true;
  const lines = head.split("\n", SAMPLE).filter((line) => line.trim() !== "");
  const labelled = lines.map((line) => /(?<!\S)__label__/.test(line));
  return labelled[0] === true && labelled.filter(Boolean).length > 0.5 * lines.length;
}

/** Says whether one of the first lines has several labels. */
function labelCount(head: string): LabelCount {
  const distinct = (line: string) => new Set([...line.matchAll(LABEL)].map(([, name]) => name)).size;
  return head.split("\n", SAMPLE).some((line) => distinct(line) > 1) ? "many" : "one";
}

/**
 * Reads a row. As in fastText, every word that begins with the prefix is a label and not part of the text; a row may repeat
 * a label.
 */
function readRow(
  given: string,
  count: LabelCount,
  options: ReadOptions,
  place: Place,
  damaged: boolean,
): RowContent | string {
  const bad = textProblem(given, damaged);
  if (bad) return bad;
  if (options.unlabelled) return { label: "", text: given.replaceAll(LABEL, "").trim() };
  const line = given.trim();
  if (options.rules === 1) return firstLabel(line);
  const found = [...line.matchAll(LABEL)];
  if (found.length === 0) {
    const glued = line.split(/\s+/).find((word) => word.includes(PREFIX));
    if (glued !== undefined) return `has no label: put a space before ${PREFIX} in ${JSON.stringify(shortened(glued))}`;
    if (count === "one") {
      return `has no label, expected a word that begins with ${PREFIX}: ${JSON.stringify(shortened(line))}`;
    }
  }
  if (found.some(([, name]) => name === "")) return `has an empty label, expected a name after ${PREFIX}`;
  const read = readLabels(found.map(([, name]) => name!), count, options, place);
  if (typeof read === "string") return read;
  // Labels at the beginning or the end do not change the text between them.
  const text = line.replaceAll(LABEL, "").trim();
  for (const [where, what] of [["label", labelsOf(read).join(" ")], ["word", text]] as const) {
    if (!what.includes(PREFIX)) continue;
    const meaning = where === "label" ? "part of its name" : "text";
    options.warn?.({
      ...place,
      warning: `has ${PREFIX} within a ${where}, which is read as ${meaning}: put a space before each label`,
    });
  }
  return { ...read, text };
}

/** Returns the row by the first rules: the first word is the label, and the others are text. */
function firstLabel(line: string): RowContent | string {
  const [first, second] = line.split(/\s+/, 2);
  if (!first!.startsWith(PREFIX)) return `begins with ${JSON.stringify(first!.slice(0, 40))}, expected ${PREFIX}…`;
  const label = first!.slice(PREFIX.length);
  if (label === "") return `has an empty label, expected a name after ${PREFIX}`;
  if (second?.startsWith(PREFIX)) return "has several labels, expected one";
  return { label, text: line.slice(first!.length).trim() };
}
