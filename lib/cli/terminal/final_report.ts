/** Formats the end of a run: the metrics of the served model, then those of its parts. */
import { counted, percent, whole } from "../../base/counted.ts";
import type { Config } from "../../config/schema.ts";
import { errorMessage } from "../../base/errors.ts";
import type { Metrics, Summary } from "../../base/events.ts";
import { readEvaluations } from "../../run/files/metrics_files.ts";
import { isFinal } from "../../run/log/summary.ts";
import { modelText } from "../../report/outcome.ts";
import { answeredText, classTable, confusedText } from "./evaluation_report.ts";

/** Formats metrics, as in the line of an epoch: first the one by which the run is chosen. */
export function metricsText(
  { loss, accuracy, macroF1 }: Metrics & { readonly macroF1?: number | undefined },
  metric: Config["metric"] = "log-loss",
): string {
  const parts: [Config["metric"], string][] = [
    ["log-loss", `Loss: ${loss.toFixed(4)}`],
    ["accuracy", `Accuracy: ${percent(accuracy)}`],
    ...macroF1 === undefined ? [] : [["macro-f1", `Macro-F1: ${macroF1.toFixed(4)}`] as [Config["metric"], string]],
  ];
  const isFirst = ([name]: readonly [string, string]) => name === metric ? 0 : 1;
  return parts.sort((a, b) => isFirst(a) - isFirst(b)).map(([, text]) => text).join(" - ");
}

/** Formats a line of the final report. */
export const item = (name: string, text: string): string => (name === "" ? "" : `${name}:`).padEnd(12) + text;

/** Formats several lines of the final report under one name. */
export const items = (name: string, texts: readonly string[]): string[] =>
  texts.map((text, index) => item(index === 0 ? name : "", text));

interface OnRows {
  readonly validation: Metrics;
  readonly test?: Metrics | undefined;
}

export function accuracyText({ validation, test }: OnRows): string {
  const tested = test ? `, ${percent(test.accuracy)} of the test rows` : "";
  return `${percent(validation.accuracy)} of the validation rows${tested}`;
}

/** Formats the end of a run that was chosen by `metric`. */
export function finalReport(summary: Summary, metric: Config["metric"]): string[] {
  const {
    reason,
    epochs,
    rounds,
    sequences,
    seconds,
    sequencesPerSecond,
    digest,
    best,
    heldOut,
    validation,
    lstm,
    test,
    baseline,
  } = summary;
  const { answered } = test ?? validation ?? {};
  return [
    `${isFinal({ reason }) ? "Finished:" : "Stopped:"} ${reason} after ${counted(epochs, "epoch")}, ${
      counted(rounds, "round")
    }, ${counted(sequences, "sequence")} ` +
    `in ${seconds.toFixed(1)} s (${whole(sequencesPerSecond)} sequences/s)`,
    ...(best ? [item("Best", `epoch ${best.epoch}, round ${best.round}`)] : []),
    ...(heldOut ? [item("Validation", metricsText({ ...validation, ...heldOut }, metric))] : []),
    ...(test ? [item("Test", metricsText(test, metric))] : []),
    ...(answered ? [item("Answered", answeredText(answered))] : []),
    ...items("Confused", ((test ?? validation)?.confused ?? []).map(confusedText)),
    ...(lstm ? [item("LSTM", accuracyText(lstm))] : []),
    ...(baseline ? [item("Baseline", accuracyText(baseline))] : []),
    ...(lstm
      ? [item("Model", modelText(lstm.share, baseline?.refitRows, (share) => `${Math.round(100 * share)}%`))]
      : []),
    item("Digest", digest),
  ];
}

/**
 * Lists every class of a finished run on files, evaluated on the test rows if there are some, otherwise on the validation
 * rows. It belongs above the final report, so that a terminal shows the metrics and the worst classes at its end.
 */
export async function classReport(directory: string, summary: Summary, width: number | undefined): Promise<string[]> {
  try {
    const evaluations = await readEvaluations(directory, summary);
    if (!evaluations) return [];
    const { rows, classes } = evaluations.test ?? evaluations.validation;
    const kind = evaluations.test ? "test row" : "validation row";
    return [item("Classes", `${counted(rows, kind)}, lowest F1 last`), ...classTable(classes, width, classes.length)];
  } catch (error) {
    // The run has ended well: only this report lacks its table.
    return [item("Classes", errorMessage(error))];
  }
}
