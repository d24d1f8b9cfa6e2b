import { sourceName } from "../formats/bytes.ts";
import type { EncodedTable } from "../batches/table.ts";

/** The places where rows were read, for messages. */
export interface RowPlaces {
  /** The sources, as the user named them. */
  readonly sources: readonly string[];
  /** `[rows]`: position in `sources`. */
  readonly source: Uint16Array;
  /** `[rows]`: line where the row begins. */
  readonly lines: Uint32Array;
}

/** Fills a table row by row. Its arrays have their final sizes from the start. */
export class TableBuilder {
  readonly table: EncodedTable;
  readonly places: RowPlaces;
  #row = 0;

  constructor(rows: number, tokens: number, vocabulary: number, sources: readonly string[]) {
    const shared = (bytes: number) => new SharedArrayBuffer(bytes);
    const wide = vocabulary > 0x10000;
    this.table = {
      tokens: wide ? new Uint32Array(shared(4 * tokens)) : new Uint16Array(shared(2 * tokens)),
      offsets: new Uint32Array(shared(4 * (rows + 1))),
      labels: new Uint16Array(shared(2 * rows)),
    };
    this.places = { sources, source: new Uint16Array(rows), lines: new Uint32Array(rows) };
  }

  /** Adds a row without tokens; push() adds its tokens. */
  begin(label: number, source: number, line: number): void {
    const row = this.#row++;
    this.table.labels[row] = label;
    this.table.offsets[row + 1] = this.table.offsets[row]!;
    this.places.source[row] = source;
    this.places.lines[row] = line;
  }

  /** Adds a token to the last row. */
  push(token: number): void {
    const { tokens, offsets } = this.table;
    tokens[offsets[this.#row]!++] = token;
  }
}

/** Returns the place where a row was read: `tickets.csv:18`. */
export function placeOf({ sources, source, lines }: RowPlaces, row: number): string {
  return `${sourceName(sources[source[row]!]!)}:${lines[row]}`;
}
