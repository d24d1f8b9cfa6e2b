/** Makes runs in the states that the page shows. */
import type { Summary } from "../../../lib/base/events.ts";
import { dataOf, evaluationsOf, LABELS } from "../../finished_run.ts";
import { at, TrainedRun } from "./trained_run.ts";

/** Makes a run on tokens, after `points` progress events. */
export function tokenRun(points: number, id = "20260102-030405-7f3a"): TrainedRun {
  const run = new TrainedRun(id);
  if (points > 0) run.train(1, points);
  return run;
}

/** Makes a run on files, after `points` progress events. */
export function textRun(points: number, labels: readonly string[] = LABELS, id = "20260103-040506-q2bd"): TrainedRun {
  const run = new TrainedRun(id);
  run.readFiles(dataOf(labels));
  if (points > 0) run.train(1, points);
  return run;
}

/** Makes a finished run on files. */
export function finishedTextRun(
  labels: readonly string[] = LABELS,
  id?: string,
  summary: Partial<Summary> = {},
): TrainedRun {
  const run = textRun(180, labels, id);
  run.record({ type: "incident", message: "Worker 2 was lost and replaced: it did not answer for 10 s" }, at(180));
  run.evaluation = evaluationsOf(labels);
  run.finish(180, summary);
  return run;
}

export function failedRun(): TrainedRun {
  const run = tokenRun(90);
  run.record({ type: "incident", message: "Worker 1 was lost and replaced: out of memory" }, at(90));
  run.record(
    { type: "failed", error: "the crew was lost 5 times in a row: out of memory in worker 1, ".repeat(4) },
    at(91),
  );
  return run;
}

export function waitingRun(id = "waiting-run"): TrainedRun {
  const run = new TrainedRun(id);
  run.queued = { place: 2, config: { seed: 7, task: "parity" } };
  return run;
}

/** Makes a queued run that could not start. */
export function refusedRun(id = "refused-run"): TrainedRun {
  const run = new TrainedRun(id);
  run.error = "data is gone.csv: there is no such file";
  return run;
}

/** Makes labels as long as users have them. */
export function longLabels(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `category ${at} / a-long-and-unbreakable-name_of_a_label_${at}`);
}
