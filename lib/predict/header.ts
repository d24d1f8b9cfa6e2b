/** Standard input that is a file of rows, asked as if each of its lines were a text, which would be answered wrongly. */
import type { ReadOptions } from "../config/data_shape.ts";
import { InputError } from "../base/errors.ts";

const DELIMITERS = [",", "\t", ";", "|"];

/** What the names of columns look like: short, and begun by a letter. */
const NAME = /^[\p{L}_][\p{L}\p{N}_ .:#/-]{0,63}$/u;

/** Throws an InputError if `head` begins with a header that has the run's text column, or is fastText's. */
export function refuseTable(head: string, { textColumn }: Pick<ReadOptions, "textColumn">): void {
  const first = head.split("\n", 1)[0]!.replace(/\r$/, "");
  const what = hasHeader(first, textColumn)
    ? `begins with the column names ${JSON.stringify(first.slice(0, 80))}, as a CSV file does`
    : /^\s*__label__\S/.test(first)
    ? "begins with __label__, as fastText lines do"
    : undefined;
  if (what === undefined) return;
  const message = `standard input ${what}: set \`data\` to - to read it as rows`;
  throw new InputError([{ field: "standard input", message }]);
}

/** Whether `line` is nothing but names of columns, the text's among them. */
function hasHeader(line: string, textColumn: string): boolean {
  return DELIMITERS.some((delimiter) => {
    const names = line.split(delimiter).map((name) => name.replace(/^"(.*)"$/, "$1"));
    const same = (name: string) => name.toLowerCase() === textColumn.toLowerCase();
    return names.length > 1 && names.some(same) && names.every((name) => NAME.test(name) && name.trim() === name);
  });
}
