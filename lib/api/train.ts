/** Trains from a program: no terminal, no server, no signal handlers, and no state beside the run. */
import { dirname } from "node:path";
import { inputError } from "../base/errors.ts";
import { type Resolve, resolveConfig } from "../config/resolve.ts";
import { type Config, processShape, serviceShape } from "../config/schema.ts";
import type { NativeLibrary } from "../engine/contract.ts";
import { StopReason } from "../lockstep/memory/control.ts";
import { manifestSource, readManifest } from "../run/files/manifest.ts";
import { keepRuns } from "../run/library/retention.ts";
import { finalSummary, isFinal } from "../run/log/summary.ts";
import { openModel } from "../run/open_model.ts";
import { openTraining } from "../run/training/open_training.ts";
import type { LinkParts, TrainingRunOptions } from "../run/training/prepare.ts";
import { withEpochs } from "../run/files/more_epochs.ts";
import { readDataAgain } from "../run/training/reload_data.ts";
import { trainObserved } from "../run/training/train_observed.ts";
import { TrainingRun } from "../run/training/training_run.ts";
import { givenValues } from "./given_values.ts";
import { type Home, openHome } from "./home.ts";
import { nativeKernels } from "./kernels.ts";
import { runDirectory } from "./load.ts";
import { OpenModel } from "./model.ts";
import { IN_MEMORY, RowSource } from "./rows.ts";
import type { RunEvent, Summary } from "./types/events.ts";
import { type ResumeOptions, type Run, TrainingStopped, type TrainOptions } from "./types/training.ts";

/** The modules that threads run. Only the entry points of the project know where they are. */
export interface TrainingThreads {
  readonly workerUrl: URL;
  readonly baselineUrl: URL;
}

/** Options of the command line that a training in a program does not have. */
const FOREIGN = new Set(["task", "log", "report", "exit", "dataDir", "chaos", ...Object.keys(serviceShape)]);

/** Returns the options of a training that are given. Throws an InputError for those that a program cannot give. */
export function trainValues({ runsDir, ...given }: Pick<TrainOptions, "runsDir">): Readonly<Record<string, unknown>> {
  return givenValues(given, (key) => {
    if (FOREIGN.has(key)) return `${key} is an option of the command line: expected an option of a training`;
    if (key === "keepRuns" && runsDir === undefined) return "keepRuns is given: expected no value without `runsDir`";
    return undefined;
  });
}

/** Trains a new run. */
export async function trainRows(options: TrainOptions, threads: TrainingThreads): Promise<Run> {
  const { data, onProgress, signal, ...given } = options;
  const { runsDir } = options;
  const values = trainValues(given);
  const rows = new RowSource(data, "data", { columns: values, signal });
  const home = await openHome(runsDir);
  const all = { ...values, data: rows.data, runsDir: home.runsDir };
  const resolve: Resolve = (defaults) => resolveConfig(undefined, [{ values: all, nameOf: (key) => key }], defaults);
  const open = (parts: TrainingRunOptions) =>
    openTraining(resolve, { ...parts, ...rows.input && { input: rows.input } });
  return await finish({ home, rows, threads, onProgress, signal, resolve, open });
}

/** Resumes the run that `source` names; a complete run is returned. */
export async function resumeRun(source: string, options: ResumeOptions, threads: TrainingThreads): Promise<Run> {
  const { data, epochs, runsDir, onProgress, signal, ...given } = options;
  const directory = await runDirectory(source, runsDir);
  const manifest = await readManifest(directory);
  const values = givenValues(given, (key) => {
    const isOwn = key in processShape && !FOREIGN.has(key) && key !== "keepRuns";
    return isOwn ? undefined : `${key} is fixed by the run, or no option of a training: expected no value`;
  });
  const rows = data === undefined ? undefined : new RowSource(data, "data", { columns: manifest.config, signal });
  const home = { runsDir: dirname(directory), remove: () => Promise.resolve() };
  await withEpochs(manifest, epochs);
  const more = epochs === undefined ? {} : { epochs };
  const sources = [manifestSource(directory, manifest), {
    values: { ...values, ...more },
    nameOf: (key: string) => key,
  }];
  const resolve: Resolve = () => ({ ...resolveConfig(undefined, sources), runsDir: home.runsDir });
  resolve();
  const summary = await finalSummary(directory, manifest, epochs);
  if (summary) return await runOf(directory, summary, nativeKernels(resolve().kernels), home);
  const config = { ...resolve(), ...rows && { data: [...rows.data] } };
  if (!rows && config.data.includes(IN_MEMORY)) {
    const message = `Run ${manifest.id} was trained on rows in memory, or on standard input: pass them as \`data\``;
    throw inputError("data", message);
  }
  const open = async (parts: TrainingRunOptions) =>
    await TrainingRun.resume(directory, {
      ...parts,
      ...await readDataAgain(directory, config, manifest.rules, { input: rows?.input, signal }),
    }, epochs);
  return await finish({ home, rows, threads, onProgress, signal, resolve, open });
}

interface Job extends Pick<TrainOptions, "onProgress" | "signal"> {
  readonly home: Home;
  readonly rows: RowSource | undefined;
  readonly threads: TrainingThreads;
  readonly resolve: Resolve;
  readonly open: (parts: TrainingRunOptions) => Promise<TrainingRun>;
}

/** Opens a run and trains it to its end. Removes a temporary folder unless the caller gets the run in it. */
export async function finish(job: Job): Promise<Run> {
  const { home, rows, signal } = job;
  try {
    return await openAndTrain(job);
  } catch (error) {
    if (error instanceof TrainingStopped) throw error;
    await home.remove();
    if (signal?.aborted && error === signal.reason) throw new TrainingStopped(undefined, error);
    throw rows ? rows.errorFor(error) : error;
  }
}

async function openAndTrain({ home, rows, threads, onProgress, signal, resolve, open }: Job): Promise<Run> {
  signal?.throwIfAborted();
  const config = resolve();
  const native = nativeKernels(config.kernels);
  const cores = navigator.hardwareConcurrency;
  const openLink = await linkOf(config, signal);
  const run = await open({ config, ...threads, cores, native, ...signal && { signal }, openLink });
  let failure: { readonly error: unknown } | undefined;
  const stop = () => void run.stop(StopReason.signal);
  const training = trainObserved(run, async (event) => {
    try {
      if (!failure) await onProgress?.(rows ? withNames(event, rows) : event);
    } catch (error) {
      failure = { error };
      stop();
    }
  });
  signal?.addEventListener("abort", stop);
  // The stop must follow the event of the start.
  if (signal?.aborted) stop();
  const summary = await training.finally(() => signal?.removeEventListener("abort", stop));
  await keepRuns(home.runsDir, config.keepRuns, [run.id]);
  if (failure) throw failure.error;
  const trained = await runOf(run.directory, summary, native, home);
  if (signal?.aborted && !isFinal(summary)) throw new TrainingStopped(trained, signal.reason);
  return trained;
}

/** Returns the connection to the other machines of a run, if it has any. NATS is loaded only for such a run. */
async function linkOf(config: Config, signal = new AbortController().signal): Promise<TrainingRunOptions["openLink"]> {
  if (config.cluster === "") return undefined;
  const { openLink } = await import("../cluster/link.ts");
  return (parts: LinkParts) => openLink(parts, { signal, say: () => {} });
}

/** Returns `event` with the caller's names of rows in memory. */
function withNames(event: RunEvent, rows: RowSource): RunEvent {
  if (event.type !== "started" || !event.data?.warnings) return event;
  return { ...event, data: { ...event.data, warnings: event.data.warnings.map((text) => rows.renamed(text)) } };
}

async function runOf(
  directory: string,
  summary: Summary,
  native: NativeLibrary | undefined,
  home: Home,
): Promise<Run> {
  const model = new OpenModel(await openModel(directory), { directory, native });
  return {
    id: summary.run,
    directory,
    summary,
    model,
    save: (folder, options) => model.save(folder, options),
    async [Symbol.asyncDispose]() {
      await model[Symbol.asyncDispose]();
      await home.remove();
    },
  };
}
