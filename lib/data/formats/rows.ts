/** The one way to read sources of any format: rows, and problems, one source after another. */
import type { ReadOptions } from "../../config/data_shape.ts";
import type { SourceInfo } from "../statistics.ts";
import { refusal } from "./bytes.ts";
import { readDelimited } from "./delimited.ts";
import type { Entry } from "./entry.ts";
import { readFastText } from "./fasttext.ts";
import { readJsonLines } from "./jsonl.ts";
import { describeFormat, type Format, recognise } from "./recognise.ts";
import { openText, type TextSource } from "./text.ts";

export interface RowReader {
  /** The entries of the source, in batches of what was at hand. Throws an InputError if it cannot be read at all. */
  readonly batches: () => AsyncGenerator<Entry[], void, void>;
  readonly format: string;
  /** What the source is; all of it must have been read. */
  readonly info: () => SourceInfo;
}

/** Opens a source and recognises its format. `input` stands for standard input. Throws an InputError if it cannot be read. */
export async function openRows(
  name: string,
  options: ReadOptions,
  input?: AsyncIterable<Uint8Array>,
): Promise<RowReader> {
  const source = await openText(name, input);
  if (source.headIsAll && source.head.trim() === "") throw refusal(name, "is empty, expected rows");
  const format = recognise(source, options);
  const description = describeFormat(format);
  return {
    format: description,
    batches: () => batchesOf(source, format, options),
    info: () => {
      const digest = source.digest();
      if (!digest) throw new Error(`${name} was not read to its end`);
      return { name, format: description, ...digest };
    },
  };
}

/** The entries of a text in the format that is recognised. Throws an InputError if its columns are not those wanted. */
export function readSource(source: TextSource, options: ReadOptions): AsyncGenerator<Entry[], void, void> {
  return batchesOf(source, recognise(source, options), options);
}

function batchesOf(source: TextSource, format: Format, options: ReadOptions): AsyncGenerator<Entry[], void, void> {
  switch (format.kind) {
    case "delimited":
      return readDelimited(source, format.layout, options);
    case "jsonl":
      return readJsonLines(source, options);
    case "fasttext":
      return readFastText(source, options);
  }
}

/**
 * The rows of `sources` and what is wrong with the others, in order. Memory does not grow with the sources. Throws an
 * InputError where a source cannot be read at all. `onSource` is told what each one was, once it is read.
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
  if (twice !== undefined) throw refusal(twice, "is named twice, expected each source once");
}
