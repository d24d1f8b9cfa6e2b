import { assertAlmostEquals, assertEquals } from "@std/assert";
import { difference, qualityOf, runBefore } from "../../lib/report/quality.ts";
import { apply } from "../../lib/report/run_events.ts";
import { createView, type RunView } from "../../lib/report/run_view.ts";
import type { RunDetail } from "../../lib/run/types.ts";
import { dataOf, evaluationsOf, LABELS } from "../finished_run.ts";
import { finishedTextRun, textRun, tokenRun } from "../dashboard/browser/fake_runs.ts";
import { at, type TrainedRun } from "../dashboard/browser/trained_run.ts";

function viewOf(run: TrainedRun): RunView {
  const view = createView(run.id);
  for (const event of run.events) apply(view, event);
  return view;
}

const baseline = { validation: { loss: 0.31, accuracy: 0.8725 }, seconds: 1.2 };

Deno.test("qualityOf() is the served model's, compared to its parts and the largest class", () => {
  const { accuracy, macroF1 } = evaluationsOf(LABELS).validation;
  const quality = qualityOf(viewOf(finishedTextRun()), { data: dataOf(LABELS) });
  assertEquals([quality.model, quality.rows], ["Accuracy of the served model", "on 200 test rows"]);
  assertEquals([quality.accuracy, quality.macroF1], [accuracy, macroF1]);
  assertAlmostEquals(quality.margin ?? NaN, 1.96 * Math.sqrt(accuracy * (1 - accuracy) / 200), 1e-12);
  assertEquals(quality.others.map(({ name }) => name), ["only the LSTM", "only n-grams", "always “shipping”"]);
  assertEquals(quality.others.at(-1)?.accuracy, 0.2);
});

Deno.test("qualityOf() is that of the n-grams until an epoch has ended, then that of the LSTM", () => {
  const run = textRun(10);
  assertEquals(qualityOf(viewOf(run), {}).accuracy, undefined);
  run.record({ type: "baseline", ...baseline }, at(10));
  const early = qualityOf(viewOf(run), {});
  assertEquals([early.accuracy, early.rows], [0.8725, "on 200 validation rows"]);
  assertEquals(early.others.map(({ name }) => name), ["chance, 5 classes"]);
  run.train(11, 20);
  const later = qualityOf(viewOf(run), {});
  assertEquals(later.model, "Accuracy of the LSTM after epoch 1");
  assertEquals(later.others.map(({ name }) => name), ["only n-grams", "chance, 5 classes"]);
});

Deno.test("qualityOf() compares a run on generated data to chance", () => {
  assertEquals(qualityOf(viewOf(tokenRun(30)), {}).others, [{ name: "chance, 2 classes", accuracy: 0.5 }]);
});

Deno.test("qualityOf() names the run before in a tooltip", () => {
  const last = finishedTextRun(LABELS, "older-run").detail();
  const { others } = qualityOf(viewOf(finishedTextRun()), { last });
  assertEquals(others.find(({ name }) => name === "the run before")?.title, "older-run");
});

Deno.test("runBefore() finds the newest earlier run on the same files that was evaluated", () => {
  const summary = finishedTextRun().detail().summary;
  const run = (id: string, data: string[], more = {}): RunDetail => (
    { id, state: "finished", startedAt: at(0), events: 1, config: { data }, summary, ...more }
  );
  const runs = [run("5", ["a"]), run("4", ["b"]), run("3", ["a"], { summary: null }), run("2", ["a"]), run("1", ["a"])];
  assertEquals(runBefore("5", { data: ["a"] }, runs)?.id, "2");
  assertEquals(runBefore("1", { data: ["a"] }, runs), undefined);
});

Deno.test("difference() is in percentage points", () => {
  assertEquals([difference(0.9, 0.925), difference(0.9, 0.8), difference(0.9, 0.90001)], ["+2.50", "−10.00", "equal"]);
});
