/** Reads JSON lines. */
import { nearest } from "../base/nearest.ts";
import { errorMessage } from "../base/errors.ts";
import { shortened, shortJson } from "../base/printable.ts";
import { isRecord } from "../base/record.ts";
import type { ReadOptions } from "./read_options.ts";
import { isNumber, parseWithDigits } from "./json_digits.ts";
import { fieldRow, type LabelCount, type Place, readLabels, type RowContent, separated, textProblem } from "./entry.ts";
import { readRowLines } from "./lines.ts";
import { objectWriter } from "./writers/row_writer.ts";
import type { RowFormat } from "./format.ts";

type Columns = Pick<ReadOptions, "textColumn" | "labelColumn" | "unlabelled" | "rules" | "fields" | "extras">;

export const jsonLines = {
  name: "jsonl",
  extensions: ["jsonl", "ndjson"],
  detect: ({ text }) => /^\{\s*["}]/.test(text.trimStart()),
  open({ text }, options) {
    const source = text();
    const labels = options.labels === "auto" ? labelCount(source.head, options) : options.labels;
    return {
      description: "JSON lines",
      labels,
      batches: () =>
        readRowLines(source, options, (line, place) => readRow(line, labels, options, place, source.damaged())),
      writer: (added) => objectWriter(source.head, added),
    };
  },
} as const satisfies RowFormat;

/** Lines at the beginning that are searched for a list of labels. */
const SAMPLE = 1000;

/** Says whether one of the first lines has a list of labels, or labels have a separator. */
function labelCount(head: string, { labelColumn, labelSeparator }: ReadOptions): LabelCount {
  if (labelSeparator !== "") return "many";
  const hasList = (line: string) => {
    try {
      const value: unknown = JSON.parse(line);
      return isRecord(value) && Object.hasOwn(value, labelColumn) && Array.isArray(value[labelColumn]);
    } catch {
      return false;
    }
  };
  return head.split("\n", SAMPLE).some(hasList) ? "many" : "one";
}

/**
 * Reads a row such as `{"text": "…", "label": "spam"}` or `{"tokens": [21, "b", …], "label": ["a", true]}`. A list of tokens
 * may also have the key of the text.
 */
export function readRow(
  line: string,
  count: LabelCount,
  options: ReadOptions,
  place: Place,
  damaged: boolean,
): RowContent | string {
  const row = parseRow(line, options, damaged, count);
  if (typeof row === "string" || options.unlabelled) return row;
  const texts = row.labels ?? [row.label];
  const read = readLabels(texts.flatMap((text) => separated(text, options)), count, options, place);
  return typeof read === "string" ? read : { ...row, ...read };
}

/** Returns the row in a line, or its problem; the labels of a list are verbatim. */
export function parseRow(
  line: string,
  columns: Columns,
  damaged: boolean,
  count: LabelCount = "one",
): RowContent | string {
  const { textColumn, labelColumn, unlabelled, fields, extras } = columns;
  const bad = textProblem(line, damaged);
  if (bad) return bad;
  let value: unknown;
  try {
    value = columns.rules === 1 ? JSON.parse(line) : parseWithDigits(line);
  } catch (error) {
    if (/,\s*$/.test(line)) {
      return "ends with a comma, or is incomplete: expected one object per line, and nothing between lines";
    }
    return `is not JSON: ${shortened(errorMessage(error))}`;
  }
  if (!isRecord(value)) {
    const wanted = unlabelled ? `"${textColumn}"` : `"${textColumn}" and "${labelColumn}"`;
    return `is ${shortJson(value)}, expected an object with ${wanted}`;
  }
  const own = (key: string) => Object.hasOwn(value, key) ? value[key] : undefined;
  const keys = Object.keys(value);
  const absent = fields?.find(({ name }) => own(name) === undefined);
  if (absent) return missing(keys, absent.name, undefined);
  const row = fields && fieldRow(fields, fields.map(({ name }) => own(name)));
  if (typeof row === "string") return row;
  const content = row ?? own(textColumn) ?? own("tokens");
  if (content === undefined || content === null) return missing(keys, textColumn, own(textColumn));
  const given = unlabelled ? "-" : own(labelColumn);
  if (given === undefined || given === null && count === "one") return missing(keys, labelColumn, given);
  const list: readonly unknown[] = count === "one"
    ? [given]
    : Array.isArray(given)
    ? given
    : given === null
    ? []
    : [given];
  const wrongLabel = list.find((one) => typeof one !== "string" && typeof one !== "boolean" && !isNumber(one));
  if (wrongLabel !== undefined) {
    const hint = count === "one" && Array.isArray(given) ? ", or `labels` many" : "";
    return `has ${shortJson(wrongLabel)} for "${labelColumn}", expected a string, a number, true or false${hint}`;
  }
  const labelled = {
    ...unlabelled
      ? { label: "" }
      : count === "one"
      ? { label: String(given) }
      : { label: "", labels: list.map(String) },
    ...extras && { extras: extras.map((name) => shortValue(own(name))) },
  };
  if (row) return { ...row, ...labelled };
  if (typeof content === "string") return textResult(content, labelled);
  if (!Array.isArray(content)) {
    return `has ${shortJson(content)} for "${textColumn}", expected a text or a list of tokens`;
  }
  const wrong = content.findIndex((token) => typeof token !== "string" && !isNumber(token));
  if (wrong >= 0) return `has ${shortJson(content[wrong])} as token ${wrong}, expected a string or a number`;
  return { tokens: content.map(String), ...labelled };
}

function textResult(text: string, labelled: Omit<RowContent, "text">): RowContent | string {
  return text.includes("\0") ? "contains a NUL character, expected text" : { text, ...labelled };
}

/** Returns a text, number or flag as text; "" for anything else. */
function shortValue(value: unknown): string {
  return typeof value === "string" || typeof value === "boolean" || isNumber(value) ? String(value) : "";
}

function missing(keys: readonly string[], wanted: string, value: unknown): string {
  if (value === null) return `has null for "${wanted}", expected a value`;
  const guess = nearest(wanted, keys);
  const there = keys.length === 0 ? "an empty object" : keys.slice(0, 20).map((key) => shortJson(key)).join(", ");
  return `has no "${wanted}", only ${there}${guess === undefined ? "" : `: did you mean ${shortJson(guess)}?`}`;
}
