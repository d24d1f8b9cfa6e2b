/** Types of a training and of its run, written out so that a program that imports them needs nothing else. */
import type { RunEvent, Summary } from "./events.ts";
import type { Model, SaveOptions } from "./model.ts";
import type { ModelOptions, ProcessOptions } from "./options.gen.ts";
import type { Rows } from "./rows.ts";

/**
 * Options of a training: its rows, the flags of the command line in camel case, and those that only a program has.
 *
 * @example
 * ```ts
 * import { train, type TrainOptions } from "lockstep";
 *
 * const options: TrainOptions = { data: "tickets.csv", epochs: 2, seed: 7, runsDir: "runs" };
 * await using run = await train({ ...options, onProgress: ({ type }) => console.log(type) });
 * console.log(run.directory);
 * ```
 */
export interface TrainOptions extends ModelOptions, ProcessOptions {
  /** Rows to train on. */
  readonly data: Rows;
  /** Folder in which the run gets a directory, such as "runs". Default: a temporary one, which disposing the run removes. */
  readonly runsDir?: string | undefined;
  /** With `runsDir`: newest runs to keep when this one ends; 0: all; default: 0. */
  readonly keepRuns?: number | undefined;
  /** Called with each event of the run, one after the other: a promise that it returns is awaited. An error that it throws stops and rejects the training. */
  readonly onProgress?: ((event: RunEvent) => unknown) | undefined;
  /** Stops the training after the present round, saves it, and rejects with a TrainingStopped. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Options of resuming a run, which keeps its training options but for more epochs.
 *
 * @example
 * ```ts
 * import { resume, type ResumeOptions } from "lockstep";
 *
 * const options: ResumeOptions = { runsDir: "runs", workers: 1 };
 * await using run = await resume("latest", options);
 * console.log(run.summary.epochs);
 * ```
 */
export interface ResumeOptions extends ProcessOptions {
  /** The rows of a run that was trained on rows in memory, or files that were moved; default: the files of the run. */
  readonly data?: Rows | undefined;
  /** The epochs of the run in all, if it takes more than it has, also after its end. */
  readonly epochs?: number | undefined;
  /** Folder of run directories, in which an id or `latest` names a run; default: "runs". */
  readonly runsDir?: string | undefined;
  /** Called with each new event of the run, one after the other: a promise that it returns is awaited. An error that it throws stops and rejects the training. */
  readonly onProgress?: ((event: RunEvent) => unknown) | undefined;
  /** Stops the training after the present round, saves it, and rejects with a TrainingStopped. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A trained run: its result, its model, and the directory with its files.
 *
 * @example
 * ```ts
 * import { type Run, train } from "lockstep";
 *
 * await using run: Run = await train({ data: "tickets.csv", epochs: 2 });
 * console.log(run.id, run.directory, run.summary.digest);
 * await run.save("model");
 * ```
 */
export interface Run {
  /** Its start (UTC) and four random letters. */
  readonly id: string;
  /** The directory of its files. Without `runsDir` it is a temporary one. */
  readonly directory: string;
  /** The result of the training. */
  readonly summary: Summary;
  /** The finished model. */
  readonly model: Model;
  /** Writes the model into `folder`, from which `load()` reads it; see `model.save()`. */
  save(folder: string, options?: SaveOptions): Promise<void>;
  /** Removes the directory of a run without `runsDir`, and ends the use of the model. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Rejects a training whose signal aborted. The run is saved: `resume()` continues it, and its model predicts.
 *
 * @example
 * ```ts
 * import { train, TrainingStopped } from "lockstep";
 *
 * try {
 *   await train({ data: "tickets.csv", runsDir: "runs", signal: AbortSignal.timeout(2000) });
 * } catch (error) {
 *   if (!(error instanceof TrainingStopped)) throw error;
 *   console.log("stopped", error.run?.directory ?? "before training began");
 * }
 * ```
 */
export class TrainingStopped extends Error {
  /** As other functions that a signal aborts name their error. */
  override readonly name: string = "AbortError";
  /** The run, stopped after a whole round; absent if the signal aborted before training began. */
  readonly run: Run | undefined;

  /** `reason` is that of the signal, and becomes the cause. */
  constructor(run: Run | undefined, reason: unknown) {
    super(run ? `Training was stopped, and is saved in "${run.directory}"` : "Training was stopped before it began", {
      cause: reason,
    });
    this.run = run;
  }
}
