/** Refuses JSON that is not in lines, with the command that converts it. Recognizes its shape from the beginning. */
import { isRecord } from "../base/record.ts";
import type { ReadOptions } from "./read_options.ts";
import type { InputError } from "../base/errors.ts";
import { cannotRead } from "./bytes.ts";
import type { TextSource } from "./text.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Lines of the head that are examined. */
const LINES = 20;

/** Throws an InputError if `source` is JSON of another shape than one object per line. */
export function refuseOtherJson(source: TextSource, { textColumn, labelColumn }: ReadOptions): void {
  const start = source.head.trimStart();
  const file = source.name === "-" ? "" : ` ${source.name}`;
  const refuse = (what: string, filter: string): InputError =>
    cannotRead(
      source.name,
      `it ${what}, expected JSON lines, one object per line. Convert it with jq -c '${filter}'${file}`,
    );
  // This is a list of lists or objects, with any white space.
  if (/^\[\s*[[{]/.test(start)) throw refuse("is one JSON list", ".[]");
  if (!/^\{\s*["}]/.test(start)) return;
  const lines = start.split(/\r?\n/, LINES).filter((line) => line.trim() !== "");
  const first = lines.map(objectIn).find((value) => value !== undefined);
  if (first) {
    const [texts, labels] = [textColumn, labelColumn].map((key) => Object.hasOwn(first, key) ? first[key] : undefined);
    if ((isRecord(texts) && isRecord(labels)) || (Array.isArray(texts) && Array.isArray(labels))) {
      const filter = `. as $all | .${textColumn} | keys_unsorted[] as $row | $all | map_values(.[$row])`;
      throw refuse("is one JSON object of columns", filter);
    }
    const key = lines.length === 1 && texts === undefined ? keyOfRows(first) : undefined;
    if (key !== undefined) throw refuse(`is one JSON object with its rows under "${key}"`, `.${key}[]`);
    return;
  }
  if (/\}\s*\{/.test(lines[0]!)) throw refuse("has several JSON objects on a line", ".");
  // Each line ends with a comma: these are bad rows.
  if (objectIn(lines[0]!.replace(/,\s*$/, ""))) return;
  // An object that ends on a later line has another shape; a line that is only invalid is a bad row.
  if (lines.length < 2 || !/^(?:\{|\{.*[,{[])\s*$/.test(lines[0]!)) return;
  const whole = source.headIsAll ? objectIn(start) : undefined;
  const key = whole && keyOfRows(whole);
  if (key !== undefined) throw refuse(`is one JSON object with its rows under "${key}"`, `.${key}[]`);
  const guess = /^\{\s*"(\w+)"\s*:\s*\[\s*\{/.exec(start)?.[1];
  if (guess !== undefined) throw refuse(`is one JSON object with its rows under "${guess}"`, `.${guess}[]`);
  throw refuse("has JSON objects of several lines", ".");
}

function objectIn(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the key of a list of objects. */
function keyOfRows(value: Fields): string | undefined {
  return Object.keys(value).find((key) => {
    const list = value[key];
    return Array.isArray(list) && typeof list[0] === "object" && list[0] !== null;
  });
}
