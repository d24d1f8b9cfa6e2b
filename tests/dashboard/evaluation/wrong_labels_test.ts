import { assertEquals, assertStringIncludes } from "@std/assert";
import { h } from "preact";
import { WrongLabelsCard } from "../../../dashboard/evaluation/wrong_labels.ts";
import type { CrossValidationState } from "../../../lib/run/library/examinations.ts";
import { examinationOf, LABELS } from "../../finished_run.ts";
import { htmlOf, textOf } from "../rendered.ts";

const result = examinationOf(LABELS);
const card = (state: CrossValidationState | undefined, refusal = "") =>
  h(WrongLabelsCard, { run: "r1", state, refusal, ask: () => {} });

Deno.test("WrongLabelsCard offers to look for wrong labels, or says how where the server does not", () => {
  assertEquals(textOf(card(undefined)), "Wrong labels Loading");
  assertEquals(textOf(card(undefined, "The server does not answer")), "Wrong labels The server does not answer");
  assertStringIncludes(
    textOf(card({ state: "none", mayStart: true })),
    "Wrong labels Look for wrong labels N-grams of",
  );
  const served = textOf(card({ state: "none", mayStart: false }));
  assertStringIncludes(served, "This server does not look for them: deno task check r1 --cross-validate 5");
  assertEquals(served.includes("Look for wrong labels"), false);
});

Deno.test("WrongLabelsCard shows the progress, a failure, and the result with its file", () => {
  const running = card({ state: "running", progress: 0.42, mayStart: true, result, rows: "suspects.csv" });
  assertStringIncludes(textOf(running), "Wrong labels Stop N-grams");
  assertStringIncludes(htmlOf(running), 'value="0.42"');
  assertEquals(htmlOf(running).includes("download"), false);
  assertStringIncludes(textOf(card({ state: "failed", mayStart: true, error: "it has changed" })), "it has changed");
  const finished = card({ state: "finished", mayStart: true, result, rows: "suspects.csv" });
  assertStringIncludes(htmlOf(finished), 'href="runs/r1/cross-validation/rows" download="suspects.csv"');
  const text = textOf(finished);
  for (
    const part of [
      "Look again",
      "Accuracy 98.42\u00a0% ± 0.36\u00a0% over the folds Macro-F1 98.41\u00a0% of 4,000 unseen rows",
      "Probably wrong: 56 rows account is probably billing (99.00\u00a0%) tickets.csv:18 the invoice for",
      "Almost equal, with other labels: 2 rows account tickets.csv:18 is like billing tickets.csv:9 the invoice",
      "Confused account predicted as billing 8 rows",
      "Classes that need rows shipping 7 rows, F1 50.0\u00a0% account 1 row, too few to learn",
    ]
  ) assertStringIncludes(text, part);
  const several = card({ state: "finished", mayStart: false, result: { ...result, microF1: 0.9 } });
  assertStringIncludes(textOf(several), "Micro-F1 90.00\u00a0% ± 0.36\u00a0%");
  const none = { rows: 0, examples: [] };
  const clean = { ...result, suspects: none, nearDuplicates: none, confused: [], thin: [] };
  const nothing = textOf(card({ state: "finished", mayStart: true, result: clean }));
  assertStringIncludes(
    nothing,
    "Probably wrong: 0 rows None Almost equal, with other labels: 0 rows None Confused None",
  );
});
