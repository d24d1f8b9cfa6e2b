/** Reads the rows of a stream, and finds where in a file an earlier process has stopped. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { counted } from "../../base/counted.ts";
import { InputError, inputError } from "../../base/errors.ts";
import { cannotOpen, openBytes, quotedSource } from "../../formats/bytes.ts";
import { isProblem, type Row, type RowProblem } from "../../formats/entry.ts";
import { followFile } from "../../formats/follow.ts";
import { readRow } from "../../formats/jsonl.ts";
import { readRowLines } from "../../formats/lines.ts";
import type { ReadOptions } from "../../formats/read_options.ts";
import { asText } from "../../formats/rows.ts";
import { segmentsIn, type StreamJournal } from "./stream_journal.ts";

/** Most characters of a row, so that a segment and a window have a limit as well. */
export const MOST_CHARACTERS = 65_536;

/** A row with its line, or what is wrong with it. */
export type StreamEntry = (Row & { readonly original: string }) | RowProblem;

/** Opens the bytes of another source than a file, such as a subject of a server. */
export type OpenBytes = (signal: AbortSignal) => AsyncIterable<Uint8Array>;

export interface Source {
  /** The stream as the user named it. */
  readonly name: string;
  /** Its bytes, unless they are those of a file or a folder. */
  readonly bytes?: OpenBytes | undefined;
  /** Says that a file ends where it ends now. */
  readonly isFinite: boolean;
  readonly reading: ReadOptions;
  readonly signal: AbortSignal;
}

/** Reads one line, as all rows of a stream are read. */
export function readStreamRow(line: string, reading: ReadOptions): Row | string {
  const place = { file: "-", line: 1 };
  const row = readRow(line, "one", reading, place, false);
  return typeof row === "string" ? row : { ...place, ...row };
}

/** Reads the rows in `bytes` in batches of those that have arrived. */
async function* readEntries(
  name: string,
  bytes: AsyncIterable<Uint8Array>,
  reading: ReadOptions,
): AsyncGenerator<StreamEntry[], void, void> {
  const text = asText({ ...await openBytes("-", bytes, "line"), name });
  const batches = readRowLines(
    text,
    { originals: true },
    (line, place) =>
      line.length > MOST_CHARACTERS
        ? `is longer than ${counted(MOST_CHARACTERS, "character")}`
        : readRow(line, "one", reading, place, text.damaged()),
  );
  for await (const batch of batches) {
    yield batch.map((entry) => isProblem(entry) ? entry : { ...entry, original: String(entry.original) });
  }
}

/** Rows that come. */
interface OpenedSource {
  /** The line of the stream behind which they begin. */
  readonly line: number;
  /** Their batches, with the numbers of their lines in the stream. */
  readonly batches: AsyncGenerator<StreamEntry[], void, void>;
}

/**
 * Opens the rows that `journal` has not taken. Tells `note` if a file is not the one that was followed. Throws an InputError if
 * the source cannot be read.
 */
export async function openSource(
  source: Source,
  journal: StreamJournal,
  note: (text: string) => void,
): Promise<OpenedSource> {
  const { name, bytes: opened, isFinite, reading, signal } = source;
  const files = opened ? undefined : await filesOf(name);
  const begun = journal.taken;
  let line = begun.lines + begun.base;
  let skipped = 0;
  if (files) {
    const found = await lineAfter(files, source, journal);
    if (found === undefined && journal.rows > 0) {
      note(`${quotedSource(name)} does not have the rows that were taken from it last: it is read from its beginning`);
    }
    skipped = found ?? 0;
    if (found !== undefined) line = begun.base;
  }
  if (skipped === 0) await journal.turnFile(line);
  let ends = 0;
  const bytes = opened
    ? opened(signal)
    : isFinite || files!.length !== 1 || files![0] !== name
    ? concatenated(files!)
    : followFile(name, signal, () => journal.turnFile(line + ends));
  async function* counting(): AsyncGenerator<Uint8Array, void, void> {
    try {
      for await (const chunk of bytes) {
        for (const byte of chunk) if (byte === LINE_FEED) ends++;
        yield chunk;
      }
    } catch (error) {
      throw error instanceof InputError ? error : cannotOpen(name, error);
    }
  }
  async function* batches(): AsyncGenerator<StreamEntry[], void, void> {
    for await (const batch of readEntries(name, counting(), reading)) {
      yield batch.filter((entry) => entry.line > skipped).map((entry) => ({ ...entry, line: line + entry.line }));
    }
  }
  return { line: line + skipped, batches: batches() };
}

const LINE_FEED = 10;

/** Returns the file that `name` is, or those of the segments in the folder. */
async function filesOf(name: string): Promise<readonly string[]> {
  const found = await stat(name).catch((error: unknown) => {
    throw cannotOpen(name, error);
  });
  if (!found.isDirectory()) return [name];
  const segments = await segmentsIn(name);
  if (!segments || segments.length === 0) throw inputError("follow", `"${name}" is no folder of a stream`);
  return segments;
}

async function* concatenated(files: readonly string[]): AsyncGenerator<Uint8Array, void, void> {
  for (const file of files) yield* createReadStream(file) as AsyncIterable<Uint8Array>;
}

/**
 * Returns the line of the files behind which no row was taken: the one after the last rows of the journal. Returns undefined if
 * they do not have these rows.
 */
async function lineAfter(
  files: readonly string[],
  { name, reading }: Source,
  journal: StreamJournal,
): Promise<number | undefined> {
  const { lines, rows } = journal.taken;
  if (lines === 0 && rows === 0) return 0;
  const all: string[] = [];
  for await (const row of journal.read()) all.push(row);
  let before: string | undefined;
  if (lines > 0) { for await (const row of journal.read(journal.segment - 1)) before = row; }
  const wanted = rows === 0 ? [] : all.slice(-rows);
  let at = 0;
  let last = 0;
  for await (const batch of readEntries(name, concatenated(files), reading)) {
    for (const entry of batch) {
      last = entry.line;
      if (entry.line === lines && (isProblem(entry) || entry.original !== before)) return undefined;
      if (entry.line <= lines) continue;
      if (at === wanted.length) return lines;
      if (!isProblem(entry) && entry.original === wanted[at] && ++at === wanted.length) return entry.line;
    }
  }
  return at === wanted.length && last >= lines ? lines : undefined;
}
