import { assertEquals, assertStringIncludes } from "@std/assert";
import { h } from "preact";
import { ConfusedPairs, ConfusionCards, ConfusionTable } from "../../../dashboard/evaluation/confusion.ts";
import { ClassesCard, DataCard } from "../../../dashboard/evaluation/evaluation.ts";
import { OutcomeCard, TrustCard } from "../../../dashboard/evaluation/outcome.ts";
import { dataOf, evaluationOf, LABELS } from "../../finished_run.ts";
import { finishedTextRun } from "../browser/fake_runs.ts";
import { htmlOf, textOf } from "../rendered.ts";

const evaluation = evaluationOf(LABELS);
const matrix = { confusion: [[9, 1], [0, 5]] };

Deno.test("ConfusionTable has buttons only for wrong cells with rows, if they can be chosen", () => {
  const still = htmlOf(h(ConfusionTable, { evaluation: matrix, labels: ["a", "b"] }));
  assertEquals([still.includes("<button"), still.includes('title="a predicted as b: 1 row, 10.0\u00a0%"')], [
    false,
    true,
  ]);
  const chosen = { label: "a", given: "b" };
  const live = htmlOf(h(ConfusionTable, { evaluation: matrix, labels: ["a", "b"], chosen, choose: () => {} }));
  assertEquals([...live.matchAll(/aria-pressed="(\w+)"/g)].map(([, value]) => value), ["true"]);
});

Deno.test("ConfusedPairs lists the worst pairs, or none", () => {
  const pairs = { id: "p", labels: ["a", "b"], most: 3 };
  assertEquals(textOf(h(ConfusedPairs, { ...pairs, evaluation: matrix })), "a predicted as b 1 row");
  assertEquals(textOf(h(ConfusedPairs, { ...pairs, evaluation: { confusion: [[1, 0], [0, 1]] } })), "None");
});

Deno.test("ConfusionCards lists the mistakes with their texts, and says how many there are", () => {
  const text = textOf(h(ConfusionCards, { evaluation }));
  assertStringIncludes(text, "Mistakes Class any account billing Predicted any billing bug 8 of 25 mistakes");
  assertStringIncludes(text, "8 of 25 mistakes, the most confident first account predicted as billing");
  assertStringIncludes(text, "tickets.csv:18 Please pay back the full year, I ended the “basic” plan");
  const good = { ...evaluation, confusion: [[1, 0], [0, 2]], mistakes: [] };
  assertStringIncludes(textOf(h(ConfusionCards, { evaluation: good })), " 0 mistakes");
  const many = { ...evaluation, confusion: undefined };
  assertStringIncludes(textOf(h(ConfusionCards, { evaluation: many })), "pairs: account predicted as billing 5 rows");
});

Deno.test("OutcomeCard has the metrics, those of its parts, and what a threshold leaves", () => {
  const answered = { threshold: 0.8, share: 0.5, accuracy: 0.99 };
  const summary = finishedTextRun().detail().summary!;
  const props = { role: "test", summary, choose: () => {} } as const;
  const text = textOf(h(OutcomeCard, { ...props, evaluation: { ...evaluation, answered } }));
  assertStringIncludes(text, "on 200 test rows");
  assertStringIncludes(text, "Accuracy 87.50\u00a0% ± 4.6 Macro-F1");
  assertStringIncludes(text, "Answered at 80.00\u00a0% or more 50.00\u00a0% Accuracy of these 99.00\u00a0%");
  assertStringIncludes(text, "combined, 60\u00a0% LSTM and 40\u00a0% n-grams");
  assertStringIncludes(text, "n-grams (baseline) 86.51\u00a0% – 0.3300 always “account” 20.00\u00a0%");
});

Deno.test("OutcomeCard has what a continued run has learnt and forgotten", () => {
  const parent = {
    run: "20260101-000000-abcd",
    new: { rows: 1, after: 0.5 },
    old: { rows: 90, before: 0.9, after: 0.8 },
  };
  const summary = { ...finishedTextRun().detail().summary!, parent };
  const text = textOf(h(OutcomeCard, { evaluation, role: "test", summary }));
  assertStringIncludes(
    text,
    "Accuracy before and after This run continues from 20260101-000000-abcd before after change",
  );
  assertStringIncludes(
    text,
    "90 old validation rows 90.00\u00a0% 80.00\u00a0% −10.00 1 new validation row – 50.00\u00a0%",
  );
});

Deno.test("TrustCard has bins of calibration and a threshold, or nothing for older evaluations", () => {
  const text = textOf(h(TrustCard, { evaluation }));
  assertStringIncludes(text, "confidence right rows 43.7\u00a0% 0.0\u00a0% 3 50.0\u00a0%");
  assertStringIncludes(text, "Coverage 100.00\u00a0% of the rows are answered Precision 87.50\u00a0% of the answers");
  assertEquals(
    textOf(h(TrustCard, { evaluation: { ...evaluation, calibration: undefined, coverage: undefined } })),
    "",
  );
});

Deno.test("ClassesCard has training rows and metrics of each class, the lowest F1 first", () => {
  const data = dataOf(LABELS);
  const text = textOf(h(ClassesCard, { evaluation, role: "test", data }));
  assertStringIncludes(text, "Classes: 5 class F1 precision recall rows training rows account 87.5");
  assertStringIncludes(htmlOf(h(ClassesCard, { evaluation, role: "test" })), 'aria-sort="ascending"');
  assertStringIncludes(textOf(h(ClassesCard, { role: "validation", data })), "training rows account 40 700 billing");
});

Deno.test("DataCard has rows per part and warnings, or says why there are none", () => {
  const text = textOf(h(DataCard, { data: dataOf(LABELS), missing: "" }));
  assertStringIncludes(text, "Training Validation Test Rows 3,630 200 200");
  assertStringIncludes(
    text,
    "14 rows have another label than an earlier row with the same tokens, such as tickets.csv:65",
  );
  assertEquals(textOf(h(DataCard, { data: undefined, missing: "Loading" })), "Data Loading");
});
