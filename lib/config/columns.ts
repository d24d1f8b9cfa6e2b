/** Parses the option `columns`: `subject:text,amount:number,country:category`. */
import { type Column, COLUMN_KINDS } from "../formats/columns.ts";

/** Limits the columns of a row. */
const MOST_COLUMNS = 100;

/** Returns the columns that `option` names, or a message that says what is expected instead. */
function parse(option: string): Column[] | string {
  const columns: Column[] = [];
  for (const part of option.split(",")) {
    const [, name, kind] = /^\s*(.*?)\s*:\s*(\w+)\s*$/.exec(part) ?? [];
    const known = COLUMN_KINDS.find((one) => one === kind);
    if (!name || !known) return `expected columns such as subject:text,amount:number,country:category`;
    if (/\p{Cc}/u.test(name)) return "expected names without control characters";
    if (columns.some((column) => column.name === name)) {
      return `expected each column once, and "${name}" is named twice`;
    }
    columns.push({ name, kind: known });
  }
  return columns.length <= MOST_COLUMNS ? columns : `expected at most ${MOST_COLUMNS} columns`;
}

/** Returns why `option` names no columns; undefined if it does, or is empty. */
export function columnsProblem(option: string): string | undefined {
  const parsed = option === "" ? [] : parse(option);
  return typeof parsed === "string" ? parsed : undefined;
}

/** Returns the columns that the option names; undefined if it is empty, for rows of one text. Throws a RangeError. */
export function parseColumns(option: string): readonly Column[] | undefined {
  if (option === "") return undefined;
  const parsed = parse(option);
  if (typeof parsed === "string") throw new RangeError(`columns is "${option}": ${parsed}`);
  return parsed;
}
