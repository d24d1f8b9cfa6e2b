/** Formats the end of a run: the metrics of the served model, then those of its parts. */
import { counted } from "../../base/counted.ts";
import { errorMessage } from "../../base/errors.ts";
import type { Metrics, Summary } from "../../base/events.ts";
import { readEvaluations } from "../../run/files/metrics_files.ts";
import { isFinal } from "../../run/log/summary.ts";
import { modelText } from "../outcome.ts";
import { classTable, confusedText } from "./evaluation_report.ts";

const integer = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const percent = (share: number) => `${(100 * share).toFixed(2)}%`;

/** Formats metrics, as in the line of an epoch. */
export const metricsText = ({ loss, accuracy }: Metrics): string =>
  `Loss: ${loss.toFixed(4)} - Accuracy: ${percent(accuracy)}`;

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

function macroF1Text(rows: { readonly macroF1: number } | undefined): string {
  return rows ? ` - Macro-F1: ${rows.macroF1.toFixed(4)}` : "";
}

export function finalReport(summary: Summary): string[] {
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
  return [
    `${isFinal({ reason }) ? "Finished:" : "Stopped:"} ${reason} after ${counted(epochs, "epoch")}, ${
      counted(rounds, "round")
    }, ${counted(sequences, "sequence")} ` +
    `in ${seconds.toFixed(1)} s (${integer.format(sequencesPerSecond)} sequences/s)`,
    ...(best ? [item("Best", `epoch ${best.epoch}, round ${best.round}`)] : []),
    ...(heldOut ? [item("Validation", `${metricsText(heldOut)}${macroF1Text(validation)}`)] : []),
    ...(test ? [item("Test", `${metricsText(test)}${macroF1Text(test)}`)] : []),
    ...items("Confused", ((test ?? validation)?.confused ?? []).map(confusedText)),
    ...(lstm ? [item("LSTM", accuracyText(lstm))] : []),
    ...(baseline ? [item("Baseline", accuracyText(baseline))] : []),
    ...(lstm ? [item("Model", modelText(lstm.share, (share) => `${Math.round(100 * share)}%`))] : []),
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
