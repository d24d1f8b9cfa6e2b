/**
 * Keeps a run on disk while it trains, and says what happens when the disk does not take it: training goes on without
 * checkpoints and with the log in memory while there is no room, and ends if the directory is gone for good.
 */
import { join } from "node:path";
import { errorMessage, InputError, TrainingError } from "../../base/errors.ts";
import type { State } from "../../lockstep/memory/state.ts";
import type { ParameterLayout } from "../../model/layout.ts";
import { CheckpointStore } from "../files/checkpoint_store.ts";
import type { EventLog } from "../log/event_log.ts";
import { errorCode, makeDirectory } from "../files/files.ts";

export class Saver {
  readonly #directory: string;
  readonly #log: EventLog;
  readonly #checkpoints: CheckpointStore;
  /** What could not be done the last time, so that it is told once. */
  readonly #failing = new Set<"log" | "checkpoint">();
  #gone: unknown;

  constructor(directory: string, layout: ParameterLayout, keep: number, log: EventLog) {
    this.#directory = directory;
    this.#log = log;
    this.#checkpoints = new CheckpointStore(directory, layout, keep);
  }

  /** Writes a checkpoint, when all that led to it is in the log, and tells of it. */
  async checkpoint(state: State): Promise<void> {
    await makeDirectory(join(this.#directory, "checkpoints"));
    await this.#log.flush();
    const { file, digest } = await this.#checkpoints.write(state);
    this.#log.append({ type: "checkpoint", round: state.round, step: state.step, digest, file });
  }

  /** Writes a checkpoint that nobody waits for. */
  checkpointAside(state: State): void {
    this.checkpoint(state).then(
      () => this.#told("checkpoint", undefined, "Checkpoints can be written again"),
      (error) => {
        if (errorCode(error) === "ENOENT") this.#gone = error;
        else this.#told("checkpoint", error, "Checkpoints can not be written");
      },
    );
  }

  /** To be called now and then. Throws a TrainingError if there is nowhere left to save anything. */
  look(): void {
    if (this.#gone !== undefined) throw unsaved(this.#gone, this.#directory);
    const { failure } = this.#log;
    if (failure !== undefined) this.#told("log", failure, "The event log can not be written");
    else this.#told("log", undefined, "The event log can be written again");
  }

  /** Tells of the first failure and of the first success after it. */
  #told(what: "log" | "checkpoint", error: unknown, message: string): void {
    if (this.#failing.has(what) === (error !== undefined)) return;
    if (error === undefined) this.#failing.delete(what);
    else this.#failing.add(what);
    const more = error === undefined ? "" : `: ${reasonOf(error, this.#directory).join(". ")}. Training goes on`;
    this.#log.append({ type: "incident", message: `${message}${more}` });
  }
}

/** A failure of saving as one of training: why, and what to do. */
export function unsaved(error: unknown, directory: string): TrainingError {
  const [reason, advice] = reasonOf(error, directory);
  const then = errorCode(error) === "ENOENT" ? "" : `, then go on with: deno task resume ${directory}`;
  return new TrainingError(`The run can not be saved: ${reason}. ${advice}${then}`, { cause: error });
}

/** A run whose file at `path` cannot be opened, or is not what it should be. */
export function unreadable(error: unknown, path: string): InputError {
  const message = errorCode(error) === undefined
    ? errorMessage(error)
    : `Cannot open "${path}": ${errorMessage(error)}`;
  return new InputError([{ field: "run", message }]);
}

/** Why something could not be written, and what helps. */
function reasonOf(error: unknown, directory: string): [reason: string, advice: string] {
  switch (errorCode(error)) {
    case "ENOSPC":
    case "EDQUOT":
    case "EFBIG":
      return [`there is no room left for "${directory}"`, "Free some"];
    case "EROFS":
    case "EACCES":
    case "EPERM":
      return [`"${directory}" can not be written to`, "Make it writable"];
    case "ENOENT":
      return [`"${directory}" is gone`, "Train again, or put back what was moved and resume"];
    default:
      return [errorMessage(error), `See to the disk of "${directory}"`];
  }
}
