/** Reads JSON lines. */
import { nearest } from "../base/nearest.ts";
import { errorMessage } from "../base/errors.ts";
import { shortened, shortJson } from "../base/printable.ts";
import { isRecord } from "../base/record.ts";
import type { ReadOptions } from "./read_options.ts";
import { isNumber, parseWithDigits } from "./json_digits.ts";
import { type Place, readLabel, type RowContent, textProblem } from "./entry.ts";
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
    return {
      description: "JSON lines",
      batches: () => readRowLines(source, options, (line, place) => readRow(line, options, place, source.damaged())),
      writer: (added) => objectWriter(source.head, added),
    };
  },
} as const satisfies RowFormat;

/**
 * Reads a row such as `{"text": "…", "label": "spam"}` or `{"tokens": [21, "b", …], "label": true}`. A list of tokens may
 * also have the key of the text.
 */
function readRow(line: string, options: ReadOptions, place: Place, damaged: boolean): RowContent | string {
  const row = parseRow(line, options, damaged);
  if (typeof row === "string" || options.unlabelled) return row;
  const label = readLabel(row.label, options, place);
  return label === "" ? "has an empty label" : { ...row, label };
}

/** Returns the row in a line, or its problem. */
export function parseRow(line: string, columns: Columns, damaged: boolean): RowContent | string {
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
  const absent = fields?.find((name) => own(name) === undefined);
  if (absent !== undefined) return missing(keys, absent, undefined);
  const content = fields ? fields.map(own) : own(textColumn) ?? own("tokens");
  if (content === undefined || content === null) return missing(keys, textColumn, own(textColumn));
  const given = unlabelled ? "-" : own(labelColumn);
  if (given === undefined || given === null) return missing(keys, labelColumn, given);
  if (typeof given !== "string" && typeof given !== "boolean" && !isNumber(given)) {
    return `has ${shortJson(given)} for "${labelColumn}", expected a string, a number, true or false`;
  }
  const labelled = {
    label: unlabelled ? "" : String(given),
    ...extras && { extras: extras.map((name) => shortValue(own(name))) },
  };
  if (fields) return { fields: content as readonly unknown[], ...labelled };
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
