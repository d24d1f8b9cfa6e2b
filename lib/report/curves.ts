/** Prepares the curves of loss and accuracy for display: smoothing, the served epoch, and a sentence about it. */
import { EPOCHS, isStopped, PROGRESS, type RunView, setting } from "./run_view.ts";
import { loss as lossText } from "./format.ts";

/** The mean of a smoothed curve reaches over about this share of its points, and over some points of a short one. */
const WINDOW = 0.04;
const LEAST_REACH = 2;

/** Returns for each value the mean of it and its neighbours on both sides, so that the curve does not lag; NaN is left out. */
export function smooth(values: Float64Array): Float64Array {
  const reach = values.length > 4 * LEAST_REACH ? Math.max(LEAST_REACH, Math.floor(WINDOW * values.length / 2)) : 0;
  let [sum, count] = [0, 0];
  const add = (at: number, sign: number) => {
    const value = values[at] ?? NaN;
    if (Number.isNaN(value)) return;
    sum += sign * value;
    count += sign;
  };
  for (let at = 0; at < reach; at++) add(at, 1);
  return values.map((value, at) => {
    add(at + reach, 1);
    add(at - reach - 1, -1);
    return Number.isNaN(value) ? NaN : reach === 0 ? value : sum / count;
  });
}

/** Returns the epoch whose state is served, or would be if training ended now; undefined for the newest state. */
export function servedEpoch({ summary, best, config }: RunView): number | undefined {
  if (summary) return summary.best?.epoch;
  const isRestored = config["restoreBest"] === true || Number(config["patience"] ?? 0) > 0;
  return isRestored && config["metric"] === "log-loss" ? best?.epoch : undefined;
}

/** Returns the position of the end of `epoch` in the column `axis` of the epochs; undefined if it was dropped. */
export function placeOfEpoch(view: RunView, epoch: number, axis: "step" | "seconds"): number | undefined {
  const steps = view.epochs.column(EPOCHS.step);
  const row = steps.findIndex((step) => step >= epoch * (setting(view, "stepsPerEpoch") ?? Infinity));
  return view.epochs.column(EPOCHS[axis])[row];
}

/** Returns all points of the curves as CSV: progress of training, and epochs with the metrics of the validation set. */
export function curvesCsv({ progress, epochs }: RunView): string {
  const rowsOf = (table: RunView["progress"], kind: string, columns: readonly number[]) =>
    Array.from(table.column(0), (_, row) => [kind, ...columns.map((column) => table.column(column)[row])].join(","));
  const { step, seconds, loss, accuracy, rate } = PROGRESS;
  return [
    "kind,step,seconds,loss,accuracy,sequencesPerSecond",
    ...rowsOf(progress, "training", [step, seconds, loss, accuracy, rate]),
    ...rowsOf(epochs, "validation", [EPOCHS.step, EPOCHS.seconds, EPOCHS.loss, EPOCHS.accuracy]).map((row) =>
      `${row},`
    ),
    "",
  ].join("\n");
}

/** By how much the loss rises before a sentence explains it. */
const RISE = 1.05;

/** Explains a validation loss that rises; "" if it does not. */
export function riseText(view: RunView): string {
  const { best, epochs, summary } = view;
  const last = epochs.last(EPOCHS.loss);
  if (!best || !(last > RISE * best.loss)) return "";
  const served = servedEpoch(view);
  const risen = `The LSTM's validation loss rises after epoch ${best.epoch}, from ${lossText(best.loss)} to ${
    lossText(last)
  }`;
  if (served !== undefined) return `${risen}. Epoch ${served} is served, so later epochs do no harm.`;
  const accuracies = epochs.column(EPOCHS.accuracy);
  const falls = (accuracies.at(-1) ?? 0) < Math.max(...accuracies) - 0.01;
  if (falls) return `${risen}, and its accuracy falls: it learns the training rows by heart. Try --patience 2.`;
  if (summary?.validation && !isStopped(summary)) {
    return `${risen}, while its accuracy does not fall: it only becomes too sure of itself. The served model's loss is ` +
      `${lossText(summary.validation.loss)}.`;
  }
  return `${risen}, while its accuracy does not fall: it only becomes too sure of itself.`;
}
