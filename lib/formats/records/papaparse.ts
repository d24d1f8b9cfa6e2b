/** Parses strings with papaparse, and adds the types that its parser lacks. */
import Papa from "papaparse";

export interface CsvSyntax {
  readonly delimiter: string;
  /** The end of a record. With `\n`, a record may also end in `\r\n`; its last field then keeps the `\r`. */
  readonly newline: "\n" | "\r";
  readonly quotes: "double" | "none";
}

interface CsvRecords {
  readonly data: readonly (readonly string[])[];
  /** Quotes that RFC 4180 does not allow: their record, and the position where the content of the field begins. */
  readonly errors: readonly { readonly code: string; readonly row: number; readonly index: number }[];
  /** UTF-16 units of the text that the records take. */
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
 * Returns the records of `text`, at most `limit` of them. Text after the end of the last record is only parsed if it is
 * the `last` of its source, as otherwise more may follow.
 */
export function parseRecords(text: string, syntax: CsvSyntax, last: boolean, limit = 0): CsvRecords {
  const parser = new Parser({
    delimiter: syntax.delimiter,
    newline: syntax.newline,
    quoteChar: '"',
    // The fast mode only splits at the delimiter. Papaparse itself chooses it for text without quotes, but then applies the limit wrongly.
    fastMode: syntax.quotes === "none" ? true : limit > 0 ? false : undefined,
    preview: syntax.quotes === "none" ? 0 : limit,
  });
  const { data, errors, meta } = parser.parse(text, 0, !last);
  // An incomplete record may look wrong; its errors are reported again with the rest of it.
  return { data, errors: errors.filter(({ row }) => row < data.length), used: meta.cursor };
}
