/**
 * Describes formats of rows. To add one, write a file like csv.ts, name it in `FORMATS` (lib/config/data_shape.ts), and
 * list it in rows.ts, where the compiler misses it.
 */
import type { ReadOptions } from "../../config/data_shape.ts";
import { type ByteSource, cannotRead } from "./bytes.ts";
import type { Entry } from "./entry.ts";
import { refuseOtherJson } from "./json_shape.ts";
import { refuseBinary, type TextSource, textSource } from "./text.ts";

export interface RowFormat {
  /** Extensions of file names, without the dot. */
  readonly extensions: readonly string[];
  /** Recognizes a source whose name has no known extension. */
  detect(head: Head): boolean;
  /** Throws an InputError if the source cannot be read in this format. */
  open(source: ByteSource, options: ReadOptions): OpenedRows;
}

/** The beginning of a source. */
interface Head {
  readonly bytes: Uint8Array;
  /** The same bytes as UTF-8. */
  readonly text: string;
}

export interface OpenedRows {
  /** Describes the format in words: `CSV with commas, …`. */
  readonly description: string;
  /** Reads the entries, in batches of what is available. */
  readonly batches: () => AsyncGenerator<Entry[], void, void>;
}

/** A format that reads text. */
interface TextFormat extends Omit<RowFormat, "open"> {
  open(source: TextSource, options: ReadOptions): OpenedRows;
}

/** Makes `format` refuse what no format of text reads: binary and empty sources, and JSON of another shape than lines. */
export function textFormat(format: TextFormat): RowFormat {
  return {
    ...format,
    open(source, options) {
      refuseBinary(source);
      const text = textSource(source);
      if (text.headIsAll && text.head.trim() === "") throw cannotRead(source.name, "it is empty, expected rows");
      if (options.format === "auto" || options.format === "jsonl") refuseOtherJson(text, options);
      return format.open(text, options);
    },
  };
}
