/** Runs in the states that the page has to show. */
import { dataOf, judgementsOf, LABELS } from "../../judged.ts";
import { at, FakeRun } from "./fake_services.ts";

/** One on tokens, after `points` progress events. */
export function tokenRun(points: number, id = "20260102-030405-7f3a"): FakeRun {
  const run = new FakeRun(id);
  if (points > 0) run.train(1, points);
  return run;
}

/** One on files, after `points` progress events. */
export function textRun(points: number, labels: readonly string[] = LABELS, id = "20260103-040506-q2bd"): FakeRun {
  const run = new FakeRun(id);
  run.data = dataOf(labels);
  if (points > 0) run.train(1, points);
  return run;
}

/** One on files that came to its end. */
export function finishedTextRun(labels: readonly string[] = LABELS, id?: string): FakeRun {
  const run = textRun(180, labels, id);
  run.append({ type: "incident", message: "Worker 2 was lost and replaced: it did not answer for 10 s" }, at(180));
  run.judgement = judgementsOf(labels);
  run.finish(180);
  return run;
}

export function failedRun(): FakeRun {
  const run = tokenRun(90);
  run.append({ type: "incident", message: "Worker 1 was lost and replaced: out of memory" }, at(90));
  run.append(
    { type: "failed", error: "the crew was lost 5 times in a row: out of memory in worker 1, ".repeat(4) },
    at(91),
  );
  return run;
}

export function waitingRun(id = "waiting-run"): FakeRun {
  const run = new FakeRun(id);
  run.queued = { place: 2, config: { seed: 7, task: "parity" } };
  return run;
}

/** One that was asked for, and could not start. */
export function refusedRun(id = "refused-run"): FakeRun {
  const run = new FakeRun(id);
  run.error = "data is gone.csv: there is no such file";
  return run;
}

/** Labels as long as people make them. */
export function longLabels(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `category ${at} / a-long-and-unbreakable-name_of_a_label_${at}`);
}
