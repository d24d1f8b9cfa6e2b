/** The part of papaparse that is used here, its parser of strings, with types for what it takes and gives. */
import Papa from "papaparse";

export interface CsvSyntax {
  readonly delimiter: string;
  /** What ends a record. With `\n`, a record may end in `\r\n` too: the last field then keeps its `\r`. */
  readonly newline: "\n" | "\r";
  readonly quotes: "double" | "none";
}

export interface CsvRecords {
  readonly data: readonly (readonly string[])[];
  /** Quotes that are none of RFC 4180's: which record has them, and where in the text the field's content begins. */
  readonly errors: readonly { readonly code: string; readonly row: number; readonly index: number }[];
  /** Units of the text that the records take. */
  readonly used: number;
}

interface Parser {
  parse(text: string, baseIndex: number, ignoreLastRow: boolean): {
    readonly data: string[][];
    readonly errors: { readonly code: string; readonly row: number; readonly index: number }[];
    readonly meta: { readonly cursor: number };
  };
}

const { Parser } = Papa as unknown as { readonly Parser: new (config: Readonly<Record<string, unknown>>) => Parser };

/**
 * The records of `text`, at most `limit` of them. Unless it is the `last` text of its source, what follows the last
 * record's end is left alone: more of it may come.
 */
export function parseRecords(text: string, syntax: CsvSyntax, last: boolean, limit = 0): CsvRecords {
  const parser = new Parser({
    delimiter: syntax.delimiter,
    newline: syntax.newline,
    quoteChar: '"',
    // Splitting at the delimiter alone. Papaparse chooses it itself where there is no quote; its limit is wrong then.
    fastMode: syntax.quotes === "none" ? true : limit > 0 ? false : undefined,
    preview: syntax.quotes === "none" ? 0 : limit,
  });
  const { data, errors, meta } = parser.parse(text, 0, !last);
  // A record that is not all there may look wrong: its errors come again with the rest of it.
  return { data, errors: errors.filter(({ row }) => row < data.length), used: meta.cursor };
}
