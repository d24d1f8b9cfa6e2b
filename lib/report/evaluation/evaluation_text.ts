/** Formats the metrics of the served model, and of what it is compared to. */
import { counted } from "../../base/counted.ts";
import type { Summary } from "../../base/events.ts";
import type { RowMetrics } from "../../base/row_metrics.ts";
import type { Evaluation } from "../../model/evaluation.ts";
import { loss, percent } from "../format.ts";
import { difference, marginOf, marginText } from "../quality.ts";
import type { RunView } from "../run_view.ts";

/** Returns the metrics of the served model, the most important first. */
export function evaluationFacts(
  { rows, accuracy, macroF1, loss: mean, calibrationError, answered, several }: Evaluation,
): (readonly [name: string, value: string, more?: string])[] {
  return [
    ...several
      ? [
        ["Micro-F1", percent(several.microF1)] as const,
        ["Macro-F1", percent(macroF1)] as const,
        ["Precision", percent(several.precision)] as const,
        ["Recall", percent(several.recall)] as const,
        ["All labels right", percent(several.exact), "of the rows"] as const,
      ]
      : [
        ["Accuracy", percent(accuracy), marginText(marginOf(accuracy, rows))] as const,
        ["Macro-F1", percent(macroF1)] as const,
      ],
    ["Loss", loss(mean)],
    ["Calibration error", percent(calibrationError)],
    ...answered
      ? [
        [`Answered at ${percent(answered.threshold)} or more`, percent(answered.share)] as const,
        ["Accuracy of these", percent(answered.accuracy)] as const,
      ]
      : [],
  ];
}

/** Returns accuracy, macro-F1 and loss of the model's parts, and the accuracy of always giving the most frequent class. */
export function partsOf(
  evaluation: Evaluation,
  role: "validation" | "test",
  { lstm, baseline }: Pick<Summary, "lstm" | "baseline">,
): [name: string, accuracy: string, macroF1: string, loss: string][] {
  const largest = evaluation.classes.reduce((a, b) => b.support > a.support ? b : a);
  const parts: readonly (readonly [name: string, part: Partial<RowMetrics> | undefined])[] = [
    // An LSTM without n-grams is what is served.
    ["LSTM", lstm ? lstm[role] : evaluation],
    ["n-grams (baseline)", baseline?.[role]],
    ...evaluation.several
      ? []
      : [[`always “${largest.label}”`, { accuracy: largest.support / evaluation.rows }] as const],
  ];
  return parts.flatMap(([name, part]) =>
    part ? [[name, percent(part.accuracy), percent(part.macroF1), loss(part.loss)]] : []
  );
}

/** Returns what a run that continues from another one has forgotten of the earlier rows, and learnt from the new ones. */
export function changesOf(
  parent: NonNullable<Summary["parent"]>,
): [rows: string, before: string, after: string, by: string][] {
  return (["old", "new"] as const).flatMap((which) => {
    const change = parent[which];
    if (!change) return [];
    const { rows, before, after } = change;
    const by = before === undefined ? "" : difference(before, after);
    return [[counted(rows, `${which} validation row`), percent(before), percent(after), by]];
  });
}

/** Says why a run has no evaluation. */
export function missingEvaluation({ started, phase, summary }: RunView): string {
  if (!started) return "Nothing yet";
  if (!started.data) return "This run trains on generated data and has no files";
  if (phase === "failed" || phase === "interrupted") return "Training did not end, so nothing was evaluated";
  return summary?.validation ? "Loading" : "Known when training has ended";
}
