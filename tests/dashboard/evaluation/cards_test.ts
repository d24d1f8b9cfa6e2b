import { assertEquals, assertStringIncludes } from "@std/assert";
import { h } from "preact";
import { ClassesCard, sortClasses } from "../../../dashboard/evaluation/classes_card.ts";
import { ConfusionCard } from "../../../dashboard/evaluation/confusion_card.ts";
import { ConfusedPairs, ConfusionTable } from "../../../dashboard/evaluation/confusion_table.ts";
import { DataCards } from "../../../dashboard/evaluation/data_cards.ts";
import { OutcomeCard } from "../../../dashboard/evaluation/outcome_card.ts";
import { PartsCard } from "../../../dashboard/evaluation/parts_card.ts";
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
  const chosen = { label: 0, given: 1 };
  const live = htmlOf(h(ConfusionTable, { evaluation: matrix, labels: ["a", "b"], chosen, choose: () => {} }));
  assertEquals([...live.matchAll(/aria-pressed="(\w+)"/g)].map(([, value]) => value), ["true"]);
});

Deno.test("ConfusedPairs lists the worst pairs, or none", () => {
  const pairs = { id: "p", labels: ["a", "b"], most: 3 };
  assertEquals(textOf(h(ConfusedPairs, { ...pairs, evaluation: matrix })), "a predicted as b 1 row");
  assertEquals(textOf(h(ConfusedPairs, { ...pairs, evaluation: { confusion: [[1, 0], [0, 1]] } })), "None");
});

Deno.test("ConfusionCard lists the kept mistakes, and filters them by class", () => {
  const text = textOf(h(ConfusionCard, { evaluation }));
  assertStringIncludes(text, "Most confident mistakes Class any account billing");
  assertStringIncludes(
    text,
    "8 of the 8 mistakes that are kept account predicted as billing (90.00\u00a0%) tickets.csv:18",
  );
});

Deno.test("OutcomeCard has the metrics, coverage, and answers above a threshold", () => {
  const answered = { threshold: 0.8, share: 0.5, accuracy: 0.99 };
  const props = { role: "test", hasTest: true, choose: () => {} } as const;
  const text = textOf(h(OutcomeCard, { ...props, evaluation: { ...evaluation, answered } }));
  assertStringIncludes(text, "on 200 test rows");
  assertStringIncludes(text, "Answered at 80.00\u00a0% or more 50.00\u00a0% Accuracy of these 99.00\u00a0%");
  assertStringIncludes(text, "If only the surest answers count");
});

Deno.test("PartsCard has LSTM and n-grams by themselves, and commands that follow", () => {
  const summary = finishedTextRun().detail().summary!;
  const text = textOf(h(PartsCard, { evaluation, role: "test", summary }));
  assertStringIncludes(text, "combined, 60\u00a0% LSTM and 40\u00a0% n-grams");
  assertStringIncludes(text, `n-grams (baseline) 86.51\u00a0% – 0.3300 Next deno task predict ${summary.run}`);
});

Deno.test("sortClasses() sorts by any column, the lowest first", () => {
  const row = (label: string, f1: number, support: number) => ({ label, f1, support, precision: 1 - f1, recall: f1 });
  const classes = [row("b", 0.5, 9), row("a", 0.9, 5), row("c", 0.5, 20)];
  const sorted = (by: Parameters<typeof sortClasses>[1]) => sortClasses(classes, by).map(({ label }) => label).join("");
  assertEquals([sorted("f1"), sorted("label"), sorted("support"), sorted("precision")], ["cba", "abc", "abc", "abc"]);
  assertStringIncludes(htmlOf(h(ClassesCard, { classes })), 'aria-sort="ascending"');
});

Deno.test("DataCards has rows per part, warnings and classes, or says why there are none", () => {
  const text = textOf(h(DataCards, { data: { value: dataOf(LABELS) }, missing: "" }));
  assertStringIncludes(text, "Training Validation Test Rows 3,630 200 200");
  assertStringIncludes(
    text,
    "14 rows have another label than an earlier row with the same tokens, such as tickets.csv:65",
  );
  assertStringIncludes(text, "Classes 5 classes");
  assertEquals(textOf(h(DataCards, { data: { error: "gone" }, missing: "x" })), "Data gone");
  assertEquals(textOf(h(DataCards, { data: {}, missing: "Loading" })), "Data Loading");
});
