/**
 * Writes and reads the journal of a search, `tune.jsonl`: its options, each trial that began and each result, a JSON line
 * each. A line is on the disk before the next trial begins, so that a killed search continues from all results.
 */
import { mkdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { DamagedFile, inputError } from "../../base/errors.ts";
import { newId, RUN_ID } from "../files/directory.ts";
import { FOLDER_MODE, unlessMissing } from "../files/files.ts";
import { LineFile } from "../files/line_file.ts";

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
  /** The most bytes of the models that are compared; absent if whole ones are. */
  size: z.int().positive().optional(),
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
    /** The score of the whole model, if a smaller one was compared. */
    whole: z.number().optional(),
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
  readonly #file: LineFile<Line>;

  private constructor(folder: string, file: LineFile<Line>) {
    const [first] = file.lines;
    if (first?.type !== "tuning") throw new DamagedFile(join(folder, FILE), "its first line is not that of a search");
    this.folder = folder;
    this.beginning = first;
    this.#file = file;
  }

  /** Makes the folder of a new search in `runsDir`. */
  static async create(
    runsDir: string,
    { given, ...rest }: Pick<Beginning, "minutes" | "size" | "data"> & {
      readonly given: Readonly<Record<string, unknown>>;
    },
  ): Promise<Journal> {
    const first = beginning.parse({ type: "tuning", version: 1, given: JSON.parse(JSON.stringify(given)), ...rest });
    const folder = join(runsDir, `tune-${newId(new Date())}`);
    try {
      await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    } catch (error) {
      throw inputError("runsDir", `Cannot write to the runs directory "${runsDir}": ${String(error)}`);
    }
    const file = await LineFile.open(join(folder, FILE), line);
    await file.add(first);
    return new Journal(folder, file);
  }

  /**
   * Opens the journal in `folder`, and cuts off the part of a line that a killed process left. Throws an InputError if there
   * is none or another process has it, and a DamagedFile for a line that no search writes.
   */
  static async open(folder: string): Promise<Journal> {
    const path = join(folder, FILE);
    if (!await unlessMissing(() => stat(path))) {
      throw inputError("resume", `There is no search in "${folder}": expected a folder with ${FILE}`);
    }
    const file = await LineFile.open(path, line);
    try {
      return new Journal(folder, file);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The name of the search, which its runs have as a tag. */
  get id(): string {
    return basename(this.folder);
  }

  get trials(): JournalTrial[] {
    return this.#file.lines.filter((one) => one.type === "trial");
  }

  /** The runs of trials that began and have no result. */
  get unfinished(): string[] {
    const done = new Set(this.trials.map(({ run }) => run));
    return this.#file.lines.flatMap((one) => one.type === "began" && !done.has(one.run) ? [one.run] : []);
  }

  /** The number of configs, once it is decided. */
  get width(): number | undefined {
    return this.#file.lines.find((one) => one.type === "width")?.candidates;
  }

  get elapsed(): number {
    return Math.max(0, ...this.#file.lines.map((one) => "elapsed" in one ? one.elapsed : 0));
  }

  /** Adds a line, and resolves when it is on the disk. */
  async add(added: Exclude<Line, Beginning>): Promise<void> {
    await this.#file.add(added);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
