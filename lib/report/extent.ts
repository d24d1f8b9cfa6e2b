/** Estimates how much of a run is done and how long the rest takes. */
import { duration, percent } from "./format.ts";
import { isStopped, PROGRESS, type RunView, setting } from "./run_view.ts";

export interface Extent {
  /** Steps of the whole run; a run that reached its end early has only those that it made. */
  readonly total: number;
  readonly done: number;
  /** From 0 to 1. */
  readonly share: number;
  /** Undefined until the speed is known, and for a run that does not train. */
  readonly secondsLeft: number | undefined;
}

/** The speed is that of the newer half of the training time, and at least of this many seconds. */
const SPEED_SECONDS = 10;

/** Returns the extent of a run; undefined before its start, or before the first events of a resumed one. */
export function extentOf(view: RunView): Extent | undefined {
  if (!view.started && view.round === 0) return undefined;
  const planned = Math.max(1, (setting(view, "epochs") ?? 1) * (setting(view, "stepsPerEpoch") ?? 1));
  // A run that reached its target early is complete; a stopped one can be resumed.
  const isComplete = view.phase === "finished" && !isStopped(view.summary);
  const total = isComplete ? Math.max(1, view.step) : planned;
  const done = Math.min(view.step, total);
  return { total, done, share: done / total, secondsLeft: isComplete ? 0 : secondsLeft(view, total - done) };
}

function secondsLeft(view: RunView, steps: number): number | undefined {
  if (view.phase !== "running" && view.phase !== "paused") return undefined;
  const seconds = view.progress.column(PROGRESS.seconds);
  const numbers = view.progress.column(PROGRESS.step);
  const last = seconds.length - 1;
  const end = seconds[last] ?? 0;
  const since = end - Math.max(SPEED_SECONDS, end / 2);
  let first = 0;
  while (first < last && (seconds[first] ?? 0) < since) first++;
  const [time, made] = [end - (seconds[first] ?? 0), (numbers[last] ?? 0) - (numbers[first] ?? 0)];
  const left = time > 0 && made > 0 ? steps * time / made : undefined;
  const limit = setting(view, "maxSeconds") ?? 0;
  return limit > 0 && left !== undefined ? Math.min(left, Math.max(0, limit - view.seconds)) : left;
}

/** Formats the extent as `34 % · 0:38 left`. */
export function extentText({ share, secondsLeft }: Extent): string {
  // A run is not done before its last step.
  const shown = percent(Math.floor(100 * share) / 100, 0);
  return secondsLeft === undefined || secondsLeft === 0 ? shown : `${shown} · ${duration(Math.ceil(secondsLeft))} left`;
}

/** Seconds of training of a recent rate: the newest event covers too few rounds and would jump. */
const RECENT_SECONDS = 5;

/** Returns the sequences per second over the last seconds of training, or over the whole run if it has finished. */
export function recentRate(view: RunView): number | undefined {
  if (view.summary) return view.summary.sequencesPerSecond;
  const times = view.progress.column(PROGRESS.seconds);
  const rates = view.progress.column(PROGRESS.rate);
  let sequences = 0;
  let covered = 0;
  for (let row = times.length - 1; row >= 0 && covered < RECENT_SECONDS; row--) {
    const span = (times[row] ?? 0) - (times[row - 1] ?? 0);
    sequences += span * (rates[row] ?? 0);
    covered += span;
  }
  return covered > 0 ? sequences / covered : undefined;
}
