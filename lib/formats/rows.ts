/** Reads rows and problems from sources of any format. Start here to follow a file to its rows. */
import { z } from "zod";
import { type ByteSource, cannotRead, openBytes } from "./bytes.ts";
import { csv, tsv } from "./csv.ts";
import type { Entry } from "./entry.ts";
import { fastText } from "./fasttext.ts";
import type { OpenedRows, RowFormat } from "./format.ts";
import { jsonLines } from "./jsonl.ts";
import { refuseOtherJson } from "./json_shape.ts";
import type { ReadOptions } from "./read_options.ts";
import { refuseBinary, type TextSource, textSource } from "./text.ts";

/** The formats. A source that none recognizes is read as CSV. */
export const FORMATS = [csv, tsv, jsonLines, fastText] as const;

const formats: readonly RowFormat[] = FORMATS;

const IN_WORDS = new Intl.ListFormat("en-US", { type: "disjunction" }).format(formats.map(({ name }) => name));

/** Describes a source that was read. */
export const sourceSchema = z.object({
  /** The source as the user named it: a path, or `-` for standard input. */
  name: z.string(),
  /** The recognized format, in words. */
  format: z.string(),
  /** SHA-256 and length of all bytes that were read, before any decompression. */
  sha256: z.string(),
  bytes: z.int(),
});
export type SourceInfo = Readonly<z.infer<typeof sourceSchema>>;

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
  const opened = formatOf(source, options).open({ ...source, text: () => rowsText(source, options) }, options);
  return {
    ...opened,
    info: () => {
      const digest = source.digest();
      if (!digest) throw new Error(`${name} was not read to its end`);
      return { name, format: opened.description, ...digest };
    },
  };
}

/** Returns the text of `source`. Throws an InputError if it is not UTF-8 text. */
export function asText(source: ByteSource): TextSource {
  refuseBinary(source, IN_WORDS);
  return textSource(source);
}

/** Returns the text of a source of rows. Refuses binary and empty sources, and JSON of another shape than lines. */
export function rowsText(source: ByteSource, options: ReadOptions): TextSource {
  const text = asText(source);
  if (text.headIsAll && text.head.trim() === "") throw cannotRead(source.name, "it is empty, expected rows");
  if (options.format === "auto" || options.format === jsonLines.name) refuseOtherJson(text, options);
  return text;
}

/** Returns the format that the options name, or else the one of the source. */
export function formatOf(source: ByteSource, options: ReadOptions): RowFormat {
  return formats.find(({ name }) => name === options.format) ?? recognize(source);
}

/** Finds the format by the extension, or else by the beginning of the source. */
function recognize(source: ByteSource): RowFormat {
  const extension = /\.([a-z]+)(?:\.gz)?$/i.exec(source.name)?.[1]?.toLowerCase() ?? "";
  const head = { bytes: source.head, text: textSource(source).head };
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
