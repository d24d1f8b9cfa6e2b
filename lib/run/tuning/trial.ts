/** Trains a config of a search as a run, and measures its model on the run's validation rows. */
import type { RowMetrics } from "../../base/row_metrics.ts";
import type { Resolve } from "../../config/resolve.ts";
import type { Config } from "../../config/schema.ts";
import { StopReason } from "../../lockstep/memory/control.ts";
import { startBaseline } from "../../ngrams/thread.ts";
import type { ModelRows } from "../export/small/measuring.ts";
import { smallModel } from "../export/small/small_model.ts";
import { readModel } from "../files/model_files.ts";
import { isFinal } from "../log/summary.ts";
import { type OpenOptions, openTraining } from "../training/open_training.ts";
import { trainObserved } from "../training/train_observed.ts";
import type { TrainingRun } from "../training/training_run.ts";
import type { JournalTrial } from "./journal.ts";

interface TrialOptions extends OpenOptions {
  readonly signal: AbortSignal;
  /** The most bytes of the model that is measured, if not all of it is. */
  readonly size: number | undefined;
  readonly metric: Config["metric"];
  readonly onRun: (run: TrainingRun) => void;
}

/** Its score is the metric, greater for better models. */
export type TrialScore = Pick<JournalTrial, "score" | "whole" | "loss" | "accuracy">;

/** Returns undefined for a run that did not end by itself. Throws what its training or its export throws. */
export async function trainTrial(
  resolve: Resolve,
  { size, metric, onRun, ...options }: TrialOptions,
): Promise<TrialScore | undefined> {
  const { signal } = options;
  const run = await openTraining(resolve, options);
  onRun(run);
  const stop = () => void run.stop(StopReason.signal);
  const training = trainObserved(run, () => {});
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  const summary = await training.finally(() => signal.removeEventListener("abort", stop));
  const whole = isFinal(summary) ? summary.validation : undefined;
  if (!whole || size === undefined) return whole && scored(whole, metric);
  const { cost } = await smallModel(await readModel(run.directory), size, rowsOf(run, options, resolve()), signal);
  const { before, after } = typeof cost === "string" ? { before: whole, after: whole } : cost;
  return { ...scored(after, metric), whole: scored(before, metric).score };
}

function scored(
  { loss, accuracy, macroF1 }: Pick<RowMetrics, "loss" | "accuracy" | "macroF1">,
  metric: Config["metric"],
) {
  return { score: metric === "log-loss" ? -loss : metric === "accuracy" ? accuracy : macroF1, loss, accuracy };
}

/** Returns the rows of a run that has ended, whose n-grams are fitted in a thread. */
function rowsOf(
  run: TrainingRun,
  { baselineUrl, signal }: Pick<TrialOptions, "baselineUrl" | "signal">,
  { workerTimeout }: Pick<Config, "workerTimeout">,
): ModelRows {
  const { rows, config } = run;
  if (!rows || !baselineUrl) return { directory: run.directory };
  return {
    rows,
    config,
    async fit(start) {
      const task = startBaseline(baselineUrl, start, workerTimeout * 1000);
      signal.addEventListener("abort", task.stop);
      return await task.result.finally(() => signal.removeEventListener("abort", task.stop));
    },
  };
}
