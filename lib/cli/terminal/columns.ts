/** Aligns text in the columns of a terminal, where a character takes none, one or two of them. */
import { printable } from "../../base/printable.ts";

/** Matches what joins the character before it: marks, and vowels and finals of decomposed Hangul. */
const JOINING = /[\p{M}\u1160-\u11ff]/u;

/** Matches characters of two columns: East Asian Width W and F (Unicode TR11), with those of emoji. */
const WIDE = new RegExp(
  "[\\u1100-\\u115f\\u2e80-\\u303e\\u3041-\\ua4cf\\ua960-\\ua97c\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe30-\\ufe6f" +
    "\\uff01-\\uff60\\uffe0-\\uffe6\\u{20000}-\\u{3fffd}\\p{Emoji_Presentation}]",
  "u",
);

const NARROW_ONLY = /^[ -~]*$/;

/** Between two columns. */
const GAP = "  ";

/** The first column keeps at least this width, however narrow the terminal is. */
const LEAST = 8;

/** The first column has at most this width where the output is not a terminal. */
const MOST = 60;

function widthOf(character: string): number {
  return JOINING.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
}

/** Returns how many columns a printable text takes. */
export function displayWidth(text: string): number {
  if (NARROW_ONLY.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

/** Shortens a printable text to at most `most` columns. */
export function fitted(text: string, most: number): string {
  if (displayWidth(text) <= most) return text;
  let [kept, width] = ["", 0];
  for (const character of text) {
    width += widthOf(character);
    if (width > most - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/**
 * Breaks a text between its words into lines of at most `width` columns, all but the first indented by `indent`. A longer
 * word has a line of its own.
 */
export function wrapped(text: string, width: number | undefined, indent = 2): string[] {
  if (width === undefined || displayWidth(text) <= width) return [text];
  const lines: string[] = [];
  let line = "";
  // Each word with the spaces before it.
  for (const word of text.match(/ *[^ ]+/g) ?? []) {
    if (line.trim() !== "" && displayWidth(line + word) > width) {
      lines.push(line);
      line = " ".repeat(indent) + word.trimStart();
    } else line += word;
  }
  return [...lines, line];
}

/** Pads a printable text to `width` columns, at its end or its start. */
export function padded(text: string, width: number, side: "end" | "start" = "end"): string {
  const space = " ".repeat(Math.max(0, width - displayWidth(text)));
  return side === "end" ? text + space : space + text;
}

interface TableColumn {
  readonly head: string;
  readonly cells: readonly string[];
  readonly side?: "start";
  /** Columns of a higher rank are left out first if the terminal is too narrow; those of rank 0 never. */
  readonly rank: number;
}

/** Longest cell of a table where the output is not a terminal, or of a column that may be left out. */
const LONGEST = 40;

/** Aligns columns below their heads, without those that are empty or do not fit into `most` columns of a terminal. */
export function table(all: readonly TableColumn[], most: number | undefined): string[] {
  const filled = all.filter(({ cells, rank }) => rank === 0 || cells.some((cell) => cell !== "" && cell !== "–"))
    .map((column) => ({
      ...column,
      cells: [column.head, ...column.cells].map((cell) => fitted(printable(cell), LONGEST)),
    }))
    .map((column) => ({ ...column, width: Math.max(...column.cells.map(displayWidth)) }));
  const taken = (columns: typeof filled) => columns.reduce((sum, { width }) => sum + GAP.length + width, -GAP.length);
  let shown = filled;
  while (most !== undefined && taken(shown) > most) {
    const last = Math.max(...shown.map(({ rank }) => rank));
    if (last <= 0) break;
    shown = shown.filter(({ rank }) => rank < last);
  }
  return [""].concat(all[0]?.cells ?? []).map((_, row) =>
    shown.map(({ cells, width, side }) => padded(cells[row]!, width, side === "start" ? "start" : "end")).join(GAP)
      .trimEnd()
  );
}

/**
 * Aligns the first cell of each row left and the others right. The first column is shortened so that a row fits into `most`
 * columns, where that leaves enough of it; `most` is undefined if the output is not a terminal.
 */
export function columns(rows: readonly (readonly string[])[], most: number | undefined): string[] {
  const cells = rows.map((row) => row.map(printable));
  const [first = 0, ...others] = (cells[0] ?? []).map((_, column) =>
    cells.reduce((width, row) => Math.max(width, displayWidth(row[column]!)), 0)
  );
  const taken = others.reduce((sum, width) => sum + GAP.length + width, 0);
  const room = Math.min(first, most === undefined ? MOST : Math.max(LEAST, most - taken));
  return cells.map(([name = "", ...values]) =>
    [padded(fitted(name, room), room), ...values.map((value, column) => padded(value, others[column]!, "start"))]
      .join(GAP).trimEnd()
  );
}
