/** Describes formats of rows. To add one, write a file like fasttext.ts, and list it in rows.ts. */
import type { ByteSource } from "./bytes.ts";
import type { Entry, LabelCount } from "./entry.ts";
import type { ReadOptions } from "./read_options.ts";
import type { RowWriter, WrittenColumn } from "./writers/row_writer.ts";
import type { TextSource } from "./text.ts";

export interface RowFormat {
  /** The value of the option `format`. */
  readonly name: string;
  /** Extensions of file names, without the dot. */
  readonly extensions: readonly string[];
  /** Recognizes a source whose name has no known extension. */
  detect(head: Head): boolean;
  /** Throws an InputError if the source cannot be read in this format. */
  open(source: RowSource, options: ReadOptions): OpenedRows;
}

interface RowSource extends ByteSource {
  /** Returns the text. Throws an InputError for what no format of text reads: binary and empty sources, other JSON. */
  readonly text: () => TextSource;
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
  /** Says how many labels a row has: as the options say, or else as the beginning of the source shows. */
  readonly labels: LabelCount;
  /** Reads the entries, in batches of what is available. */
  readonly batches: () => AsyncGenerator<Entry[], void, void>;
  /** Creates a writer of the same rows in this format, with more columns. */
  readonly writer: (added: readonly WrittenColumn[]) => RowWriter;
}
