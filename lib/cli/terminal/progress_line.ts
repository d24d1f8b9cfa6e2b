/** Formats how far a training is: the line that a terminal shows until the next event. */
import { percent, whole } from "../../base/counted.ts";
import { extentOf, recentRate } from "../../report/extent.ts";
import { duration } from "../../report/format.ts";
import { type RunView, setting, settings } from "../../report/run_view.ts";
import { displayWidth } from "./columns.ts";

/** Widths of the bar, the longest that a terminal of so many columns has room for. */
const BARS: readonly (readonly [columns: number, width: number])[] = [[96, 24], [80, 16], [56, 8]];

const SEPARATOR = " · ";

const STATES: Readonly<Partial<Record<RunView["phase"], string>>> = {
  paused: "Paused",
  stopping: "Stopping after this round",
};

/** Describes the progress of `view` in at most `columns` columns: what matters less is left out. */
export function progressLine(view: RunView, columns: number): string {
  const extent = extentOf(view);
  const state = STATES[view.phase];
  if (extent?.share === 1 && state === undefined) return endText(view);
  const width = extent && BARS.find(([least]) => columns >= least)?.[1];
  const start = extent && width !== undefined ? `${bar(extent.share, width)} ` : "";
  // By importance: the metrics of the model matter more than those of its last batches.
  const wanted = [
    { place: 0, text: state },
    { place: 1, text: epochText(view) },
    { place: 2, text: extent && percent(Math.floor(100 * extent.share) / 100, 0) },
    { place: 3, text: state === undefined ? leftText(extent?.secondsLeft) : undefined },
    { place: 5, text: qualityText(view) },
    { place: 4, text: view.training && `loss ${view.training.loss.toFixed(4)}` },
    { place: 6, text: state === undefined ? rateText(recentRate(view)) : undefined },
  ].filter(({ text }) => text !== undefined);
  let room = columns - displayWidth(start) + SEPARATOR.length;
  const end = wanted.findIndex(({ text = "" }) => (room -= displayWidth(text) + SEPARATOR.length) < 0);
  const parts = wanted.slice(0, end < 0 ? wanted.length : end).sort((a, b) => a.place - b.place);
  return start + parts.map(({ text }) => text).join(SEPARATOR);
}

/** All steps are done; the n-grams and the evaluation may be not. */
function endText(view: RunView): string {
  const { task, ngrams } = settings(view);
  return task === "table" && ngrams !== "none" && !view.baseline ? "Training the n-grams" : "Evaluating the model";
}

function epochText(view: RunView): string {
  const [epoch, epochs] = [Math.max(1, view.epoch), setting(view, "epochs")];
  return epochs === undefined ? `Epoch ${epoch}` : `Epoch ${epoch}/${epochs}`;
}

function leftText(seconds: number | undefined): string | undefined {
  return seconds === undefined ? undefined : `${duration(Math.ceil(seconds))} left`;
}

function rateText(rate: number | undefined): string | undefined {
  return rate === undefined ? undefined : `${whole(rate)} sequences/s`;
}

/** The n-grams are trained long before the first epoch of much data ends. */
function qualityText({ validation, baseline }: RunView): string | undefined {
  if (validation) return `validation ${percent(validation.accuracy)}`;
  return baseline && `n-grams ${percent(baseline.validation.accuracy)}`;
}

function bar(share: number, width: number): string {
  const filled = Math.floor(share * width);
  return "█".repeat(filled) + "░".repeat(width - filled);
}
