/**
 * Continues a run with new rows in a process that does something else, such as answering requests or reading a stream:
 *
 *     const { directory, accuracies } = await continueRun(current, { data: [file], values: { workers: 1 }, threads, signal });
 *     const { isBetter, why } = rightMoreOften(accuracies); // or another rule: see acceptance.ts
 *     if (isBetter) await adoptRun(directory); // and serve it from now on
 *     else await removeRun(directory);
 *
 * The result depends only on the run, the content of the files, and `values`. The caller keeps the files as long as a run
 * continues from this one, and decides what to do with a run that it does not adopt.
 */
import { basename, dirname, join } from "node:path";
import { TrainingError } from "../../base/errors.ts";
import type { RunEvent, Summary } from "../../base/events.ts";
import { resolveConfig } from "../../config/resolve.ts";
import type { Config } from "../../config/schema.ts";
import { StopReason } from "../../lockstep/memory/control.ts";
import { nameLatest, newId } from "../files/directory.ts";
import { removeRun } from "../library/retention.ts";
import { isFinal } from "../log/summary.ts";
import { type OpenOptions, openTraining } from "../training/open_training.ts";
import { trainObserved } from "../training/train_observed.ts";
import type { TrainingRun } from "../training/training_run.ts";
import type { BeforeAndAfter } from "./acceptance.ts";

export interface Continuation {
  /** The files of the new rows. */
  readonly data: readonly string[];
  /** Options of the training and the process. Others are those of the run, or their defaults. */
  readonly values: Partial<Omit<Config, "data" | "from" | "runsDir">>;
  readonly threads: Pick<OpenOptions, "workerUrl" | "baselineUrl" | "cores" | "native">;
  /** Ends the training without a result. */
  readonly signal: AbortSignal;
  /** The id of the new run, such as one that the caller has noted before; default: a new one. */
  readonly id?: string;
  readonly onOpened?: (run: TrainingRun) => void;
  readonly observe?: (event: RunEvent) => void;
}

export interface Continued {
  readonly id: string;
  /** The directory of the new run, beside that of the one it continues from. */
  readonly directory: string;
  readonly summary: Summary;
  readonly accuracies: BeforeAndAfter;
}

/**
 * Trains a run that continues from the one in `directory`. Throws an InputError if the rows or the options do not allow it, a
 * TrainingError if the training fails, and the reason of the signal; the new run is then removed.
 */
export async function continueRun(directory: string, { data, values, ...options }: Continuation): Promise<Continued> {
  const given = { ...values, data, from: directory, runsDir: dirname(directory) };
  const trained = await trainRun(given, options);
  const { parent: accuracies } = trained.summary;
  if (!accuracies) throw new TrainingError(`run ${trained.id} continues from none`);
  return { ...trained, accuracies };
}

/** Trains a run of the options `given` as `continueRun` does, also one that continues from none. */
export async function trainRun(
  given: Continuation["values"] & Pick<Continuation, "data"> & Pick<Config, "from" | "runsDir">,
  { threads, signal, id = newId(new Date()), onOpened, observe = () => {} }: Omit<Continuation, "data" | "values">,
): Promise<Omit<Continued, "accuracies">> {
  try {
    const run = await openTraining(
      (defaults) => resolveConfig(undefined, [{ values: given, nameOf: (key) => key }], defaults),
      { ...threads, signal, id, isCandidate: true },
    );
    onOpened?.(run);
    const stop = () => void run.stop(StopReason.signal);
    const training = trainObserved(run, observe);
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    const summary = await training.finally(() => signal.removeEventListener("abort", stop));
    signal.throwIfAborted();
    if (!isFinal(summary)) throw new TrainingError(`run ${id} has not been trained to its end`);
    return { id, directory: run.directory, summary };
  } catch (error) {
    await removeRun(join(given.runsDir, id)).catch(() => {});
    throw error;
  }
}

/** Makes the run in `directory` the one that `runs/latest` names. */
export async function adoptRun(directory: string): Promise<void> {
  await nameLatest(dirname(directory), basename(directory));
}
