import { assertEquals } from "@std/assert";
import { evaluationFacts, missingEvaluation, partsOf } from "../../../lib/report/evaluation/evaluation_text.ts";
import { createView } from "../../../lib/report/run_view.ts";
import { evaluationOf, LABELS } from "../../finished_run.ts";

const evaluation = evaluationOf(LABELS);

Deno.test("evaluationFacts() begins with the accuracy, or with the F1 of several labels", () => {
  assertEquals(evaluationFacts(evaluation).slice(0, 2), [
    ["Accuracy", "87.50\u00a0%", "± 4.6"],
    ["Macro-F1", "87.50\u00a0%"],
  ]);
  const several = { microF1: 0.5, precision: 0.25, recall: 0.75, exact: 0.125, labels: 1.5, at: [] };
  assertEquals(evaluationFacts({ ...evaluation, several }).map(([name]) => name), [
    ...["Micro-F1", "Macro-F1", "Precision", "Recall", "All labels right", "Loss", "Calibration error"],
  ]);
  assertEquals(partsOf({ ...evaluation, several }, "test", {}).map(([name]) => name), ["LSTM"]);
});

Deno.test("partsOf() compares the parts and the most frequent class", () => {
  const lstm = { share: 0.5, validation: { ...evaluation, accuracy: 0.5 } };
  const baseline = { validation: { accuracy: 0.75, loss: 1 }, seconds: 1, features: 2 };
  assertEquals(partsOf(evaluation, "validation", { lstm, baseline }).map(([name, accuracy]) => [name, accuracy]), [
    ["LSTM", "50.00\u00a0%"],
    ["n-grams (baseline)", "75.00\u00a0%"],
    ["always “account”", "20.00\u00a0%"],
  ]);
});

Deno.test("missingEvaluation() says why there is none", () => {
  assertEquals(missingEvaluation(createView("r")), "Nothing yet");
});
