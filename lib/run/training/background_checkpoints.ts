/**
 * Writes checkpoints while a run trains, and handles a disk that fails. Without free space, training continues without
 * checkpoints and keeps the log in memory. If the directory is gone, training ends.
 */
import { join } from "node:path";
import { errorCode, errorMessage, type InputError, inputError, TrainingError } from "../../base/errors.ts";
import type { NewEvent } from "../../base/events.ts";
import type { State } from "../../lockstep/memory/state.ts";
import type { ParameterLayout } from "../../model/layout.ts";
import { CheckpointStore } from "../files/checkpoint_store.ts";
import type { EventLog } from "../log/event_log.ts";
import { makeDirectory } from "../files/files.ts";

/** The part of the log that is used. */
type Log = Pick<EventLog, "flush" | "failure"> & { append(event: NewEvent): unknown };

export class BackgroundCheckpoints {
  readonly #directory: string;
  readonly #log: Log;
  readonly #store: CheckpointStore;
  /** The writes that failed the last time, so that each failure is logged once. */
  readonly #failing = new Set<"log" | "checkpoint">();
  #gone: unknown;
  /** Resolves when no checkpoint is being written. */
  #idle: Promise<void> = Promise.resolve();

  constructor(directory: string, layout: ParameterLayout, keep: number, log: Log) {
    this.#directory = directory;
    this.#log = log;
    this.#store = new CheckpointStore(directory, layout, keep);
  }

  /** Writes the last checkpoint: after those in the background, whose events would otherwise follow the end of the run. */
  async writeLast(state: State): Promise<void> {
    await this.#idle;
    await this.#write(state);
  }

  /** Writes a checkpoint after all earlier events are in the log, and logs it. */
  async #write(state: State): Promise<void> {
    await makeDirectory(join(this.#directory, "checkpoints"));
    await this.#log.flush();
    const { file, digest } = await this.#store.write(state);
    this.#log.append({ type: "checkpoint", round: state.round, step: state.step, digest, file });
  }

  /** Writes a checkpoint while training continues, and logs a failure. */
  writeInBackground(state: State): void {
    this.#idle = this.#idle.then(() => this.#write(state)).then(
      () => this.#logChange("checkpoint", undefined, "Checkpoints can be written again"),
      (error) => {
        if (errorCode(error) === "ENOENT") this.#gone = error;
        else this.#logChange("checkpoint", error, "Checkpoints cannot be written");
      },
    );
  }

  /** Logs a failure of the log, or its end. Throws a TrainingError if the run's directory is gone. */
  logFailures(): void {
    if (this.#gone !== undefined) throw savingError(this.#gone, this.#directory);
    const { failure } = this.#log;
    if (failure !== undefined) this.#logChange("log", failure, "The event log cannot be written");
    else this.#logChange("log", undefined, "The event log can be written again");
  }

  /** Logs the first failure, and the first success after it. */
  #logChange(what: "log" | "checkpoint", error: unknown, message: string): void {
    if (this.#failing.has(what) === (error !== undefined)) return;
    if (error === undefined) this.#failing.delete(what);
    else this.#failing.add(what);
    const more = error === undefined ? "" : `: ${reasonOf(error, this.#directory).join(". ")}. Training continues`;
    this.#log.append({ type: "incident", message: `${message}${more}` });
  }
}

/** Describes a failure of saving as a TrainingError, with the reason and what to do. */
export function savingError(error: unknown, directory: string): TrainingError {
  const [reason, advice] = reasonOf(error, directory);
  const then = errorCode(error) === "ENOENT" ? "" : `, then resume the run in "${directory}"`;
  return new TrainingError(`The run cannot be saved: ${reason}. ${advice}${then}`, { cause: error });
}

/** Describes a run whose file at `path` cannot be opened, or is damaged. */
export function unreadableRun(error: unknown, path: string): InputError {
  const message = errorCode(error) === undefined
    ? errorMessage(error)
    : `Cannot open "${path}": ${errorMessage(error)}`;
  return inputError("run", message);
}

/** Returns why a file could not be written, and what to do. */
function reasonOf(error: unknown, directory: string): [reason: string, advice: string] {
  switch (errorCode(error)) {
    case "ENOSPC":
    case "EDQUOT":
    case "EFBIG":
      return [`there is no space left for "${directory}"`, "Free some space"];
    case "EROFS":
    case "EACCES":
    case "EPERM":
      return [`"${directory}" cannot be written to`, "Make it writable"];
    case "ENOENT":
      return [`"${directory}" is gone`, "Train again, or move the directory back and resume the run"];
    default:
      return [errorMessage(error), `Check the disk of "${directory}"`];
  }
}
