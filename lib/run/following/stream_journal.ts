/**
 * Keeps a stream on the disk: its rows in segments of the same number of rows, each a file of JSON lines, and in
 * `follow.json` which runs have learnt the newest segments. A row counts once it is synced. A killed process leaves at most a
 * part of a line and a run that has not ended; the next process cuts off the one and removes the other.
 */
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { counted } from "../../base/counted.ts";
import { DamagedFile, errorCode, inputError } from "../../base/errors.ts";
import { openBytes } from "../../formats/bytes.ts";
import { readLines } from "../../formats/lines.ts";
import { asText } from "../../formats/rows.ts";
import type { FileLock } from "../../platform/file_lock.ts";
import { RUN_ID } from "../files/directory.ts";
import { FILE_MODE, FOLDER_MODE, readJson, unlessMissing, writeJson, writePieces } from "../files/files.ts";
import { lockFile } from "../files/lock.ts";
import { measuresSchema } from "./prequential.ts";

const STATE = "follow.json";
const LOCK = "follow.lock";
const SEGMENTS = "segments";
const WINDOWS = "windows";

/** Segments whose results are remembered, for the chart. */
const REMEMBERED = 200;

const count = z.int().nonnegative();
const run = z.string().regex(RUN_ID);

const learntSchema = z.strictObject({
  segment: z.int().positive(),
  /** The run that has learnt it, and the digest of its weights; null if there was no model to train yet. */
  run: run.nullable(),
  digest: z.string().nullable(),
  /** Measures of the rows up to the end of the segment, and the rows of it that showed a drift, from 1 in the stream. */
  measures: measuresSchema,
  drifts: z.array(count),
  rowsPerSecond: z.number(),
  /** The line of the source that the segment ends with. */
  line: count,
});
export type Learnt = z.infer<typeof learntSchema>;

const stateSchema = z.strictObject({
  version: z.literal(1),
  /** The digests depend on the rows of a segment and of the window, and on the options that the user chose. */
  options: z.strictObject({ rows: count, window: count, given: z.record(z.string(), z.json()) }),
  /** The newest segments that were learnt, the newest last. */
  learnt: z.array(learntSchema),
  /** The run that learns the segment that rows are added to, while it does. */
  began: run.nullable(),
  /** The line of the stream, and the rows before it, at which another file took the name of the one that was followed. */
  file: z.strictObject({ line: count, rows: count }),
});
type State = z.infer<typeof stateSchema>;

/** Every tenth row of a segment is a validation row, if a training row of the window or a model knows its label. */
const VALIDATION_EVERY = 10;

/** The segment that rows are added to. */
interface Segment {
  readonly number: number;
  readonly file: FileHandle;
  rows: number;
}

/** Files of the rows that a run learns from, and the number of the labels of training rows and the model. */
interface Window {
  readonly labels: number;
  readonly training: string;
  readonly validation: string;
}

export class StreamJournal {
  readonly folder: string;
  readonly #lock: FileLock;
  #state: State;
  #segment: Segment;

  private constructor(folder: string, lock: FileLock, state: State, segment: Segment) {
    this.folder = folder;
    this.#lock = lock;
    this.#state = state;
    this.#segment = segment;
  }

  /**
   * Opens the journal in `folder`, or makes it. Throws an InputError if another process has it, or if it is of other options,
   * and a DamagedFile if it is none.
   */
  static async open(folder: string, options: State["options"]): Promise<StreamJournal> {
    for (const part of [SEGMENTS, WINDOWS]) {
      await mkdir(join(folder, part), { recursive: true, mode: FOLDER_MODE }).catch((error) => {
        throw inputError("runsDir", `Cannot write to "${folder}": ${String(error)}`);
      });
    }
    await (await open(join(folder, LOCK), "a", FILE_MODE)).close();
    const lock = await lockFile(join(folder, LOCK));
    try {
      const path = join(folder, STATE);
      const given = JSON.parse(JSON.stringify(options));
      const first = { version: 1, options: given, learnt: [], began: null, file: { line: 0, rows: 0 } };
      const state = await unlessMissing(() => readJson(path, stateSchema)) ?? stateSchema.parse(first);
      if (!isDeepStrictEqual(state.options, given)) throw inputError("follow", `"${folder}" is of other options`);
      const number = (state.learnt.at(-1)?.segment ?? 0) + 1;
      const { rows, bytes } = await wholeRows(pathOf(folder, number));
      const file = await open(pathOf(folder, number), "a", FILE_MODE);
      await file.truncate(bytes);
      const journal = new StreamJournal(folder, lock, state, { number, file, rows });
      if (journal.room < 0) {
        throw new DamagedFile(
          pathOf(folder, number),
          `it has ${counted(rows, "row")}, expected at most ${options.rows}`,
        );
      }
      await journal.#change({});
      return journal;
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  get options(): State["options"] {
    return this.#state.options;
  }

  /** The number of the segment that rows are added to, from 1. */
  get segment(): number {
    return this.#segment.number;
  }

  /** The number of rows that fit into it. */
  get room(): number {
    return this.options.rows - this.#segment.rows;
  }

  /** All rows so far. */
  get rows(): number {
    return (this.segment - 1) * this.options.rows + this.#segment.rows;
  }

  /** The newest segments that were learnt, the newest last. */
  get learnt(): readonly Learnt[] {
    return this.#state.learnt;
  }

  /** The run that a killed process has left. */
  get unfinished(): string | null {
    return this.#state.began;
  }

  /**
   * Says which part of the present file was taken before: so many lines, which end with a segment, and then rows. The file is
   * the one that was followed last, or has taken its name since, and begins behind the line `base` of the stream.
   */
  get taken(): { readonly base: number; readonly lines: number; readonly rows: number } {
    const { file } = this.#state;
    const line = this.learnt.at(-1)?.line ?? 0;
    return file.line > line
      ? { base: file.line, lines: 0, rows: this.rows - file.rows }
      : { base: file.line, lines: line - file.line, rows: this.#segment.rows };
  }

  /** Adds lines with a row each to the segment. They are synced when it resolves. */
  async add(rows: readonly string[]): Promise<void> {
    if (rows.length > this.room) throw new RangeError(`${counted(rows.length, "row")}, expected at most ${this.room}`);
    await this.#segment.file.appendFile(rows.map((row) => `${row}\n`).join(""));
    await this.#segment.file.datasync();
    this.#segment.rows += rows.length;
  }

  /** Notes that the source continues in another file after `line` lines of all files. */
  async turnFile(line: number): Promise<void> {
    await this.#change({ file: { line, rows: this.rows } });
  }

  /** Notes that `run` begins to learn the segment. */
  async begin(run: string): Promise<void> {
    await this.#change({ began: run });
  }

  /** Ends the segment, which is full, and begins the next one. */
  async end(ended: Omit<Learnt, "segment">): Promise<void> {
    const { number, file } = this.#segment;
    await this.#change({ began: null, learnt: [...this.learnt, { segment: number, ...ended }].slice(-REMEMBERED) });
    await file.close();
    this.#segment = { number: number + 1, file: await open(pathOf(this.folder, number + 1), "a", FILE_MODE), rows: 0 };
  }

  async #change(change: Partial<State>): Promise<void> {
    this.#state = { ...this.#state, ...change };
    await writeJson(join(this.folder, STATE), this.#state);
  }

  /** Reads the rows of a segment: by default of the one that rows are added to. */
  async *read(number = this.segment): AsyncGenerator<string, void, void> {
    for await (const lines of readLines(asText(await openBytes(pathOf(this.folder, number))))) {
      for (const line of lines) if ("text" in line) yield line.text;
    }
  }

  /**
   * Writes the training and the validation rows of the newest segments to files, which have the same rows whenever they are
   * written: not from before the row `drift`, as the rules of those are no longer true. `known` are the labels of the model.
   */
  async writeWindow(labelOf: (row: string) => string, known: readonly string[], drift = 1): Promise<Window> {
    const { rows, window } = this.options;
    const first = Math.max(1, this.segment - Math.ceil(window / rows) + 1, Math.ceil(drift / rows));
    const each = async (use: (row: string, mayValidate: boolean) => void | Promise<void>) => {
      for (let segment = first; segment <= this.segment; segment++) {
        let at = 0;
        for await (const row of this.read(segment)) await use(row, ++at % VALIDATION_EVERY === 0);
      }
    };
    const labels = new Set(known);
    await each((row, mayValidate) => void (mayValidate || labels.add(labelOf(row))));
    const write = (path: string, isValidation: boolean) =>
      writePieces(path, async (write) => {
        await each(async (row, mayValidate) => {
          if ((mayValidate && labels.has(labelOf(row))) === isValidation) await write(`${row}\n`);
        });
        return path;
      });
    const name = join(this.folder, WINDOWS, nameOf(this.segment));
    return {
      labels: labels.size,
      training: await write(`${name}.jsonl`, false),
      validation: await write(`${name}.validation.jsonl`, true),
    };
  }

  /** Removes the windows before the newest `windows`, and the segments before the newest `segments`, unless that is 0. */
  async clean(windows: number, segments: number): Promise<void> {
    const remove = async (part: string, kept: number) => {
      for (const name of await readdir(join(this.folder, part))) {
        if (Number(name.slice(0, DIGITS)) < this.segment - kept) {
          await rm(join(this.folder, part, name), { force: true });
        }
      }
    };
    await remove(WINDOWS, windows);
    if (segments > 0) await remove(SEGMENTS, segments);
  }

  async close(): Promise<void> {
    await this.#segment.file.close();
    this.#lock.close();
  }
}

/** Digits of a segment's number in the names of files. */
const DIGITS = 8;

function nameOf(segment: number): string {
  return String(segment).padStart(DIGITS, "0");
}

function pathOf(folder: string, segment: number): string {
  return join(folder, SEGMENTS, `${nameOf(segment)}.jsonl`);
}

/** Lists the files of the segments in the folder of a stream, in order; undefined if it is no such folder. */
export async function segmentsIn(folder: string): Promise<string[] | undefined> {
  const names = await readdir(join(folder, SEGMENTS)).catch(() => undefined);
  return names?.filter((name) => /^\d{8}\.jsonl$/.test(name)).sort().map((name) => join(folder, SEGMENTS, name));
}

/** Counts the whole lines of the file at `path`, and their bytes. A missing file has none. */
async function wholeRows(path: string): Promise<{ readonly rows: number; readonly bytes: number }> {
  let [rows, bytes, read] = [0, 0, 0];
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) {
      for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, at + 1)) {
        rows++;
        bytes = read + at + 1;
      }
      read += chunk.length;
    }
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
  return { rows, bytes };
}

const LINE_FEED = 10;
