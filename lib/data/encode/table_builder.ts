import { sourceName } from "../../formats/bytes.ts";
import type { LabelCount } from "../../formats/entry.ts";
import type { EncodedTable } from "../batches/table.ts";
import type { KeptTexts } from "../row_texts.ts";
import { TokenKeyList, type TokenKeys } from "../vocabulary/token_keys.ts";

/** The places where rows were read, for messages. */
export interface RowPlaces {
  /** The sources, as the user named them. */
  readonly sources: readonly string[];
  /** `[rows]`: position in `sources`. */
  readonly source: Uint16Array;
  /** `[rows]`: line where the row begins. */
  readonly lines: Uint32Array;
  /** Texts of standard input. */
  readonly texts: KeptTexts;
}

export interface TableSizes {
  readonly rows: number;
  /** Tokens and labels of all rows. */
  readonly tokens: number;
  readonly labels: number;
}

/** Fills a table row by row. */
export class TableBuilder {
  readonly places: RowPlaces;
  /** Keys of the unknown tokens; the caller adds those of each that it pushes. */
  readonly unknown: TokenKeyList;
  readonly #table: EncodedTable;
  readonly #before: Uint32Array;
  #row = 0;

  /** `count` says how many labels a row has. `hasLetters`: see TokenKeyList. */
  constructor(
    { rows, tokens, labels }: TableSizes,
    count: LabelCount,
    vocabulary: number,
    sources: readonly string[],
    hasLetters: boolean,
    texts: KeptTexts,
  ) {
    const shared = (bytes: number) => new SharedArrayBuffer(bytes);
    const wide = vocabulary > 0x10000;
    this.unknown = new TokenKeyList(hasLetters);
    this.#before = new Uint32Array(shared(4 * (rows + 1)));
    this.#table = {
      tokens: wide ? new Uint32Array(shared(4 * tokens)) : new Uint16Array(shared(2 * tokens)),
      offsets: new Uint32Array(shared(4 * (rows + 1))),
      labels: new Uint16Array(shared(2 * labels)),
      ...count === "many" && { labelOffsets: new Uint32Array(shared(4 * (rows + 1))) },
    };
    this.places = { sources, source: new Uint16Array(rows), lines: new Uint32Array(rows), texts };
  }

  /** Adds a row without tokens; push() adds its tokens. */
  begin(own: readonly number[], source: number, line: number): void {
    const row = this.#row++;
    const { labels, labelOffsets, offsets } = this.#table;
    if (labelOffsets) {
      labels.set(own.toSorted((a, b) => a - b), labelOffsets[row]!);
      labelOffsets[row + 1] = labelOffsets[row]! + own.length;
    } else labels[row] = own[0]!;
    offsets[row + 1] = offsets[row]!;
    this.#before[row] = this.unknown.size;
    this.places.source[row] = source;
    this.places.lines[row] = line;
  }

  /** Adds a token to the last row. */
  push(token: number): void {
    const { tokens, offsets } = this.#table;
    tokens[offsets[this.#row]!++] = token;
  }

  /** Returns the table of all rows. */
  finish(): EncodedTable {
    const keys = sharedKeys(this.unknown.keys());
    this.#before[this.#row] = this.unknown.size;
    return {
      ...this.#table,
      unknown: { before: this.#before, keys },
    };
  }
}

/** Returns `table` with the number of the labels of some rows that no training row has. */
export function withUnseen(table: EncodedTable, ofRows: ReadonlyMap<number, number>): EncodedTable {
  if (ofRows.size === 0) return table;
  const unseen = new Uint16Array(new SharedArrayBuffer(2 * (table.offsets.length - 1)));
  for (const [row, count] of ofRows) unseen[row] = count;
  return { ...table, unseen };
}

/** Copies keys to shared memory, which all threads read in place. */
export function sharedKeys({ offsets, keys, ...rest }: TokenKeys): TokenKeys {
  return { ...rest, offsets: sharedCopy(offsets), keys: sharedCopy(keys) };
}

function sharedCopy(array: Uint32Array): Uint32Array {
  const copy = new Uint32Array(new SharedArrayBuffer(array.byteLength));
  copy.set(array);
  return copy;
}

/** Returns the place where a row was read: `tickets.csv:18`. */
export function placeOf({ sources, source, lines }: RowPlaces, row: number): string {
  return `${sourceName(sources[source[row]!]!)}:${lines[row]}`;
}
