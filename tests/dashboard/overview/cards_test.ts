import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { h } from "preact";
import { AnswerView, verdictOf } from "../../../dashboard/overview/answer.ts";
import { MistakesCard } from "../../../dashboard/overview/mistakes_card.ts";
import { PredictBox } from "../../../dashboard/overview/predict_box.ts";
import { ProgressCard, QualityCard } from "../../../dashboard/overview/status_cards.ts";
import { StreamCharts } from "../../../dashboard/overview/stream_charts.ts";
import { eventSchema } from "../../../lib/base/events.ts";
import { apply } from "../../../lib/report/run_events.ts";
import { createView } from "../../../lib/report/run_view.ts";
import { evaluationOf, LABELS } from "../../finished_run.ts";
import { failedRun, tokenRun } from "../browser/fake_runs.ts";
import type { TrainedRun } from "../browser/trained_run.ts";
import { htmlOf, textOf } from "../rendered.ts";

function viewOf(run: TrainedRun) {
  const view = createView(run.id);
  for (const event of run.events) apply(view, event);
  return view;
}

const stream = {
  id: 1,
  at: "2026-11-29T18:56:18.000Z",
  type: "stream",
  segment: 2,
  rows: 1000,
  accuracy: 0.875,
  rowsPerSecond: 480.2,
  skipped: 0,
  history: [{ rows: 500, accuracy: null, rowsPerSecond: 300 }, { rows: 1000, accuracy: 0.875, rowsPerSecond: 480.2 }],
  drifts: [812],
} as const;

Deno.test("StreamCharts show the accuracy before rows are learnt, and the rows a second", () => {
  const view = createView("a");
  assertEquals(textOf(h(StreamCharts, view)), "");
  apply(view, eventSchema.parse(stream));
  const text = textOf(h(StreamCharts, view));
  assertMatch(text, /before they are learnt accuracy 87\.50\u00a0% .*rows\/s 480/);
  assertEquals(
    view.notes[0]?.text,
    "Segment 2: 1,000 rows - 480 rows/s - 87.50\u00a0% right before they were learnt - last drift at row 812",
  );
});

const model = { run: "a", labels: ["x", "y"], vocabulary: 9, length: 4, text: true, round: 7, digest: "d".repeat(64) };

Deno.test("QualityCard shows the accuracy, its margin, and how far others are from it", () => {
  const quality = { model: "Accuracy", rows: "on 9 rows", accuracy: 0.9, margin: 0.019, loss: 0.25, macroF1: 0.8 };
  assertEquals(
    textOf(h(QualityCard, { ...quality, others: [{ name: "n-grams", accuracy: 0.875 }] })),
    "Accuracy on 9 rows 90.00\u00a0% ± 1.9 loss 0.2500 · macro-F1 0.8000 n-grams 87.50\u00a0% −2.50",
  );
  const change = "old rows 96.00\u00a0% before, 95.00\u00a0% after";
  assertStringIncludes(textOf(h(QualityCard, { ...quality, change, others: [] })), `macro-F1 0.8000 · ${change}`);
  const unknown = { ...quality, accuracy: undefined, others: [{ name: "n-grams", accuracy: 0.875 }] };
  assertEquals(textOf(h(QualityCard, unknown)).includes("87.50"), false);
});

Deno.test("ProgressCard shows the share, the time that is left, and what may end training earlier", () => {
  const text = textOf(h(ProgressCard, { view: viewOf(tokenRun(100)), seconds: 40 }));
  assertStringIncludes(text, "Training 20\u00a0% · 2:40 left round 200 · 4 workers · ends earlier at 99.50\u00a0%");
  assertStringIncludes(text, "epoch 5 of 50 training for 0:40");
  assertMatch(textOf(h(ProgressCard, { view: viewOf(failedRun()), seconds: 40 })), /^Failed 18\u00a0% round 180/);
  assertMatch(textOf(h(ProgressCard, { view: createView("a"), seconds: 0 })), /^Waiting – Not started/);
});

Deno.test("MistakesCard has a matrix of few classes, the worst two classes and three mistakes", () => {
  const props = { missing: "", href: "#evaluation" };
  const few = htmlOf(h(MistakesCard, { ...props, evaluation: evaluationOf(LABELS) }));
  assertEquals([...few.matchAll(/class="verdict"/g)].length, 3);
  assertEquals([...few.matchAll(/recall \d+/g)].length, 2);
  assertStringIncludes(few, 'id="confusion-table"');
  const many = htmlOf(
    h(MistakesCard, { ...props, evaluation: evaluationOf(LABELS.flatMap((one) => [one, `${one}2`])) }),
  );
  assertEquals([many.includes("confusion-table"), many.includes("Most confused")], [false, true]);
  const several = { ...evaluationOf(LABELS), confusion: undefined, mixups: undefined };
  assertStringIncludes(
    textOf(h(MistakesCard, { ...props, evaluation: several })),
    "mistakes Worst classes account recall",
  );
  const none = textOf(h(MistakesCard, { evaluation: undefined, missing: "Known later", href: "" }));
  assertEquals(none, "What it gets wrong Known later");
});

Deno.test("PredictBox takes texts, names another run that the server serves, and waits for a model", () => {
  assertStringIncludes(
    textOf(h(PredictBox, { run: "a", model: { value: model } })),
    "Reads up to 4 tokens. Answers: x, y.",
  );
  const other = textOf(h(PredictBox, { run: "b", model: { value: model } }));
  assertStringIncludes(other, "This server answers with run a. To ask this run, serve it: deno task serve b");
  assertEquals(textOf(h(PredictBox, { run: "a", model: {} })), "Try it No model yet");
});

Deno.test("PredictBox has a field for each column, and offers the frequent values of a category", () => {
  const columns = [
    { name: "subject", kind: "text" },
    { name: "amount", kind: "number" },
    { name: "country", kind: "category" },
  ] as const;
  const counts = { missing: 0, distinct: 1, unknown: 0 };
  const known = [
    { name: "amount", kind: "number", values: [{ value: "<10", rows: 1 }], ...counts },
    { name: "country", kind: "category", values: [{ value: "CH", rows: 1 }], ...counts },
  ] as const;
  const html = htmlOf(
    h(PredictBox, {
      run: "a",
      model: { value: { ...model, columns } },
      columns: [...known.map((one) => ({ ...one, values: [...one.values] }))],
    }),
  );
  assertMatch(html, /<label for="sample-0">subject<\/label><textarea/);
  assertMatch(html, /<label for="sample-1">amount<\/label><input type="number" step="any" placeholder="missing"/);
  assertEquals([...html.matchAll(/<option value="([^"]*)"/g)].map(([, value]) => value), ["CH"]);
});

Deno.test("AnswerView shows one answer with its bars, several as a list, and a rejected one", () => {
  const version = { run: "a", round: 7, digest: model.digest };
  const first = { class: 1, label: "y", probabilities: [0.25, 0.75], unknownShare: 0.5, truncated: true };
  const one = { ...version, predictions: [first] };
  const text = textOf(h(AnswerView, { answers: one, questions: [{ text: "q" }], model }));
  assertStringIncludes(
    text,
    "y class 1 · 75.00\u00a0% 50\u00a0% of its tokens are unknown cut: 4 tokens are read x 25.00\u00a0% y",
  );
  const rejected = { class: 0, label: "x", probability: 0.6, threshold: 0.9 };
  const second = { class: null, label: null, rejected, probabilities: [0.6, 0.4] };
  const both = { ...version, predictions: [first, second] };
  assertStringIncludes(
    textOf(h(AnswerView, { answers: both, questions: [{ text: "q" }, { tokens: [1, 2] }], model })),
    "q y 75.0\u00a0% 1 2 none of these 60.0\u00a0%",
  );
  const several = { class: null, label: null, probabilities: [0.75, 0.6], labels: [{ label: "y", probability: 0.75 }] };
  assertEquals([verdictOf(several), verdictOf({ ...several, labels: [] })], ["y", "no label"]);
  assertEquals([verdictOf(first), verdictOf(second)], ["y 75.0\u00a0%", "none of these 60.0\u00a0%"]);
});
