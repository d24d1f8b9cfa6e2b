/**
 * Examines the labels of finished runs by cross-validation, one at a time and in few threads, so that training and predictions
 * hardly notice. The result is kept beside the run: `cross_validation.json`, and its rows with their suspicion.
 */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { Readable } from "node:stream";
import { z } from "zod";
import { DamagedFile, errorMessage, InputError, inputError } from "../../base/errors.ts";
import { remember } from "../../base/remember.ts";
import { unlessAborted } from "../../base/waiting.ts";
import { loadData } from "../../data/load/load.ts";
import { readingOf } from "../../formats/columns.ts";
import { examinationSchema } from "../../model/examination.ts";
import { type Examined, examineLabels } from "../evaluation/examine_labels.ts";
import { rowsOfRun, type RunRows } from "../evaluation/run_rows.ts";
import { writeSuspects } from "../evaluation/write_suspects.ts";
import { checkFile, readJson, unlessMissing, writeJson, writePieces } from "../files/files.ts";
import type { ShownPaths } from "./shown_paths.ts";

const savedSchema = z.object({
  /** The time of its end. */
  at: z.iso.datetime(),
  /** The same as `check --json` prints. */
  result: examinationSchema,
  /** The file of the rows with their suspicion; absent for rows of several files, or of a large one. */
  rows: z.string().regex(/^suspects\.\w{1,8}$/).optional(),
});

export const crossValidationSchema = savedSchema.partial().extend({
  state: z.enum(["none", "running", "finished", "failed"]),
  /** Tells whether this process may start one. */
  mayStart: z.boolean(),
  /** Share of the work that is done, while it runs. */
  progress: z.number().optional(),
  /** Says why it failed. */
  error: z.string().optional(),
});
/** The state of a run's cross-validation; while it runs and after it failed, with the result of an earlier one. */
export type CrossValidationState = z.infer<typeof crossValidationSchema>;

/** The result of a request for a cross-validation: `busy` while another one runs, `never` if this process runs none. */
export type ExaminationStart = "started" | "busy" | "never";

export interface ExaminationThreads {
  /** The module of its threads: workers/folds.ts. */
  readonly foldsUrl: URL;
  /** All cores of the machine: it takes a quarter of them. */
  readonly cores: number;
}

interface ExaminationOptions {
  readonly directoryOf: (id: string) => string;
  /** Returns how clients see the paths of a run. */
  readonly shownFor: (id: string) => Promise<ShownPaths>;
  /** Absent in a process that only shows results. */
  readonly threads: ExaminationThreads | undefined;
}

interface Job {
  readonly id: string;
  readonly stop: AbortController;
  progress: number;
  ended: Promise<void>;
}

const RESULT = "cross_validation.json";
const MOST_RESULT = 2 ** 22;
/** The rows of a larger file are not written again. */
const MOST_ROWS = 2 ** 28;
/** Failures that stay in memory. */
const MOST_FAILED = 100;

export class Examinations {
  readonly #options: ExaminationOptions;
  readonly #failed = new Map<string, string>();
  #job: Job | undefined;

  constructor(options: ExaminationOptions) {
    this.#options = options;
  }

  /** Returns the state of the cross-validation of run `id`. Throws a DamagedFile. */
  async state(id: string): Promise<CrossValidationState> {
    const saved = await this.#saved(id);
    const error = this.#failed.get(id);
    const mayStart = this.#options.threads !== undefined;
    if (this.#job?.id === id) return { ...saved, state: "running", mayStart, progress: this.#job.progress };
    if (error !== undefined) return { ...saved, state: "failed", mayStart, error };
    return { ...saved, state: saved ? "finished" : "none", mayStart };
  }

  /** Tells whether the one that runs now is of run `id`. */
  examines(id: string): boolean {
    return this.#job?.id === id;
  }

  /** Begins a cross-validation of run `id`. Throws an InputError if its rows cannot be read again. */
  async start(id: string, folds: number): Promise<ExaminationStart> {
    const { threads, directoryOf } = this.#options;
    if (!threads) return "never";
    if (this.#job) return "busy";
    const job: Job = this.#job = { id, stop: new AbortController(), progress: 0, ended: Promise.resolve() };
    try {
      const rows = await rowsOfRun(directoryOf(id));
      this.#failed.delete(id);
      job.ended = this.#examine(job, rows, folds, threads).catch(async (error) => {
        if (job.stop.signal.aborted) return;
        const shown = await this.#options.shownFor(id);
        remember(this.#failed, id, shown.text(errorMessage(error)), MOST_FAILED);
      }).finally(() => this.#job = undefined);
      return "started";
    } catch (error) {
      this.#job = undefined;
      const shown = await this.#options.shownFor(id);
      throw error instanceof InputError ? inputError("id", shown.text(error.message)) : error;
    }
  }

  /** Stops the one of run `id`. Returns false if there is none. */
  async stop(id: string): Promise<boolean> {
    if (this.#job?.id !== id) return false;
    await this.close();
    return true;
  }

  /** Stops the one that runs. */
  async close(): Promise<void> {
    const job = this.#job;
    job?.stop.abort(new Error("it was stopped"));
    await job?.ended;
  }

  /** Opens the rows of run `id` with their suspicion; undefined if there are none. */
  async rows(id: string): Promise<{ readonly name: string; readonly body: ReadableStream } | undefined> {
    const name = (await this.#saved(id))?.rows;
    if (name === undefined) return undefined;
    const path = join(this.#options.directoryOf(id), name);
    return await unlessMissing(async () => {
      await checkFile(path);
      return { name, body: Readable.toWeb(createReadStream(path)) as ReadableStream };
    });
  }

  async #saved(id: string): Promise<z.infer<typeof savedSchema> | undefined> {
    const path = join(this.#options.directoryOf(id), RESULT);
    const saved = await unlessMissing(async () => {
      if ((await stat(path)).size > MOST_RESULT) throw new DamagedFile(path, `it has more than ${MOST_RESULT} bytes`);
      return await readJson(path, savedSchema);
    });
    return saved && (await this.#options.shownFor(id)).value(saved, savedSchema);
  }

  async #examine(
    job: Job,
    { sources, options, refuseOthers }: RunRows,
    folds: number,
    { foldsUrl, cores }: ExaminationThreads,
  ): Promise<void> {
    const { stop: { signal } } = job;
    const directory = this.#options.directoryOf(job.id);
    // Cross-validation needs no validation rows, and takes all others.
    const validation = typeof options.validation === "number" ? 0 : options.validation;
    const data = await unlessAborted(signal, loadData({ ...options, validation, sources }));
    refuseOthers(data.statistics);
    const onProgress = (share: number) => void (job.progress = share);
    const threads = { url: foldsUrl, cores: Math.max(1, Math.floor(cores / 4)), onProgress, signal };
    const { examination, findingsOf } = await examineLabels(data, { ...options, folds, threads });
    const source = data.statistics.sources.find(({ role }) => role === "training")!;
    const rows = sources.length === 1 && source.bytes <= MOST_ROWS ? rowsName(source.name) : undefined;
    if (rows !== undefined) {
      const reading = { ...options, ...readingOf(data.preprocessing.columns) };
      const shown = await this.#options.shownFor(job.id);
      await writePieces(
        join(directory, rows),
        (write) =>
          writeSuspects(source, reading, shownFindings(findingsOf, shown), async (text) => {
            signal.throwIfAborted();
            await write(text);
          }),
      );
    }
    const at = new Date().toISOString();
    const saved = { at, result: examination, ...rows !== undefined && { rows } } satisfies z.infer<typeof savedSchema>;
    await writeJson(join(directory, RESULT), saved);
  }
}

/** Returns the findings without the folders of the files that they name; places of rows themselves are compared, not written. */
function shownFindings(findingsOf: Examined["findingsOf"], shown: ShownPaths): Examined["findingsOf"] {
  return (row) => {
    const { near, ...own } = findingsOf(row);
    return { ...own, ...near && { near: { ...near, place: shown.text(near.place) } } };
  };
}

/** Names the file of the rows as their source ends. */
function rowsName(source: string): string {
  const end = extname(basename(source).replace(/\.gz$/, ""));
  return `suspects${/^\.\w{1,8}$/.test(end) ? end : ".txt"}`;
}
