/**
 * Writes and reads the journal of a search, `tune.jsonl`: its options, each trial that began and each result, a JSON line
 * each. A line is on the disk before the next trial begins, so that a killed search continues from all results.
 */
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { DamagedFile, inputError } from "../../base/errors.ts";
import type { FileLock } from "../../platform/file_lock.ts";
import { newId, RUN_ID } from "../files/directory.ts";
import { checked, FILE_MODE, FOLDER_MODE, readBytes, unlessMissing } from "../files/files.ts";
import { lockFile } from "../files/lock.ts";

const FILE = "tune.jsonl";

const changes = z.record(z.string(), z.union([z.number(), z.string(), z.boolean()]));
const trial = { candidate: z.int().nonnegative(), split: z.int().nonnegative(), run: z.string().regex(RUN_ID) };
/** Seconds that the search has taken so far, in all its processes. */
const elapsed = z.number().nonnegative();

const beginning = z.strictObject({
  type: z.literal("tuning"),
  version: z.literal(1),
  /** The options that the user chose, by key. */
  given: z.record(z.string(), z.json()),
  minutes: z.number().positive(),
  /** Digest of the data with the seed of the config. */
  data: z.string(),
});
export type Beginning = z.infer<typeof beginning>;

const line = z.discriminatedUnion("type", [
  beginning,
  z.strictObject({ type: z.literal("began"), ...trial, changes }),
  z.strictObject({
    type: z.literal("trial"),
    ...trial,
    changes,
    /** Null if the training failed. */
    score: z.number().nullable(),
    loss: z.number().optional(),
    accuracy: z.number().optional(),
    seconds: z.number(),
    elapsed,
  }),
  z.strictObject({ type: z.literal("width"), candidates: z.int().positive(), elapsed }),
]);
type Line = z.infer<typeof line>;
export type JournalTrial = Extract<Line, { type: "trial" }>;

export class Journal {
  readonly folder: string;
  readonly beginning: Beginning;
  readonly #lines: Line[];
  readonly #file: FileHandle;
  readonly #lock: FileLock;
  #written: Promise<void> = Promise.resolve();

  private constructor(folder: string, lines: Line[], file: FileHandle, lock: FileLock) {
    const [first] = lines;
    if (first?.type !== "tuning") throw new DamagedFile(join(folder, FILE), "its first line is not that of a search");
    this.folder = folder;
    this.beginning = first;
    this.#lines = lines;
    this.#file = file;
    this.#lock = lock;
  }

  /** Makes the folder of a new search in `runsDir`. */
  static async create(
    runsDir: string,
    { given, ...rest }: Pick<Beginning, "minutes" | "data"> & { readonly given: Readonly<Record<string, unknown>> },
  ): Promise<Journal> {
    const first = beginning.parse({ type: "tuning", version: 1, given: JSON.parse(JSON.stringify(given)), ...rest });
    const folder = join(runsDir, `tune-${newId(new Date())}`);
    try {
      await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    } catch (error) {
      throw inputError("runsDir", `Cannot write to the runs directory "${runsDir}": ${String(error)}`);
    }
    const file = await open(join(folder, FILE), "ax", FILE_MODE);
    const journal = new Journal(folder, [first], file, await lockFile(join(folder, FILE)));
    await journal.#append(first);
    return journal;
  }

  /**
   * Opens the journal in `folder`, and cuts off the part of a line that a killed process left. Throws an InputError if there
   * is none or another process has it, and a DamagedFile for a line that no search writes.
   */
  static async open(folder: string): Promise<Journal> {
    const path = join(folder, FILE);
    const bytes = await unlessMissing(() => readBytes(path));
    if (!bytes) throw inputError("resume", `There is no search in "${folder}": expected a folder with ${FILE}`);
    const lock = await lockFile(path);
    let file: FileHandle | undefined;
    try {
      const end = bytes.lastIndexOf("\n".charCodeAt(0)) + 1;
      const texts = new TextDecoder().decode(bytes.subarray(0, end)).split("\n").slice(0, -1);
      const lines = texts.map((text, at) => parseLine(path, text, at + 1));
      file = await open(path, "a");
      await file.truncate(end);
      return new Journal(folder, lines, file, lock);
    } catch (error) {
      await file?.close();
      lock.close();
      throw error;
    }
  }

  /** The name of the search, which its runs have as a tag. */
  get id(): string {
    return basename(this.folder);
  }

  get trials(): JournalTrial[] {
    return this.#lines.filter((one) => one.type === "trial");
  }

  /** The runs of trials that began and have no result. */
  get unfinished(): string[] {
    const done = new Set(this.trials.map(({ run }) => run));
    return this.#lines.flatMap((one) => one.type === "began" && !done.has(one.run) ? [one.run] : []);
  }

  /** The number of configs, once it is decided. */
  get width(): number | undefined {
    return this.#lines.find((one) => one.type === "width")?.candidates;
  }

  get elapsed(): number {
    return Math.max(0, ...this.#lines.map((one) => "elapsed" in one ? one.elapsed : 0));
  }

  /** Adds a line, and resolves when it is on the disk. */
  async add(added: Exclude<Line, Beginning>): Promise<void> {
    this.#lines.push(added);
    await this.#append(added);
  }

  async #append(added: Line): Promise<void> {
    this.#written = this.#written.then(async () => {
      await this.#file.appendFile(`${JSON.stringify(added)}\n`);
      await this.#file.datasync();
    });
    await this.#written;
  }

  async close(): Promise<void> {
    await this.#written.catch(() => {});
    await this.#file.close();
    this.#lock.close();
  }
}

function parseLine(path: string, text: string, number: number): Line {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DamagedFile(path, `line ${number} is not JSON`, { cause });
  }
  return checked(path, value, line);
}
