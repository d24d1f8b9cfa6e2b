/** Reads rows and problems from sources of any format. Start here to follow a file to its rows. */
import { FORMATS, type ReadOptions } from "../../config/data_shape.ts";
import type { SourceInfo } from "../statistics.ts";
import { type ByteSource, cannotRead, openBytes } from "./bytes.ts";
import { csv, tsv } from "./csv.ts";
import type { Entry } from "./entry.ts";
import { fastText } from "./fasttext.ts";
import type { OpenedRows, RowFormat } from "./format.ts";
import { jsonLines } from "./jsonl.ts";
import { textSource } from "./text.ts";

const READERS: Readonly<Record<typeof FORMATS[number], RowFormat>> = { csv, tsv, jsonl: jsonLines, fasttext: fastText };

/** The extensions of files that have rows, without the dot. */
export const EXTENSIONS: readonly string[] = Object.values(READERS).flatMap(({ extensions }) => extensions);

interface RowReader extends OpenedRows {
  /** Returns the name, format and digest of the source. Throws an Error before all of it was read. */
  readonly info: () => SourceInfo;
}

/** Opens a source and recognizes its format. `input` is used as standard input. Throws an InputError if it cannot be read. */
export async function openRows(
  name: string,
  options: ReadOptions,
  input?: AsyncIterable<Uint8Array>,
): Promise<RowReader> {
  return openSource(await openBytes(name, input), options);
}

/** The same for the bytes of a source. */
export function openSource(source: ByteSource, options: ReadOptions): RowReader {
  const { name } = source;
  const opened = (options.format === "auto" ? recognize(source) : READERS[options.format]).open(source, options);
  return {
    ...opened,
    info: () => {
      const digest = source.digest();
      if (!digest) throw new Error(`${name} was not read to its end`);
      return { name, format: opened.description, ...digest };
    },
  };
}

/** Finds the format by the extension, or else by the beginning of the source. */
function recognize(source: ByteSource): RowFormat {
  const extension = /\.([a-z]+)(?:\.gz)?$/i.exec(source.name)?.[1]?.toLowerCase() ?? "";
  const head = { bytes: source.head, text: textSource(source).head };
  const { csv, ...others } = READERS;
  const formats = [...Object.values(others), csv];
  return formats.find(({ extensions }) => extensions.includes(extension)) ??
    formats.find((format) => format.detect(head)) ?? csv;
}

/**
 * Reads the rows of `sources`, and problems in place of bad rows, in order. Memory does not grow with the sources. Throws
 * an InputError if a source cannot be read at all. Calls `onSource` after each source.
 */
export async function* readRows(
  sources: readonly string[],
  options: ReadOptions,
  input?: AsyncIterable<Uint8Array>,
  onSource?: (info: SourceInfo) => void,
): AsyncGenerator<Entry, void, void> {
  refuseTwice(sources);
  for (const source of sources) {
    const reader = await openRows(source, options, input);
    for await (const batch of reader.batches()) yield* batch;
    onSource?.(reader.info());
  }
}

/** Throws an InputError for a source that is named twice. */
export function refuseTwice(sources: readonly string[]): void {
  const twice = sources.find((source, index) => sources.indexOf(source) !== index);
  if (twice !== undefined) throw cannotRead(twice, "it is named twice, expected each source once");
}
