/** Formats an evaluation as lines of text: metrics, classes, confusion matrix, and the most confident mistakes. */
import { counted } from "../../base/counted.ts";
import { printable } from "../../base/printable.ts";
import type { Evaluation } from "../../model/evaluation.ts";

/** With more classes than this, the confusion matrix is left out. */
const MOST_DRAWN = 20;

const MISTAKES = 5;

const percent = (share: number) => `${(100 * share).toFixed(2)}%`;

/** Counts of the evaluated rows. */
interface RowCounts {
  readonly tokens: number;
  readonly unknown: number;
  readonly truncated: number;
  readonly skipped: number;
}

export function evaluationReport(evaluation: Evaluation, rows: RowCounts): string[] {
  const { accuracy, macroF1, loss, calibrationError, classes, confusion, mistakes } = evaluation;
  const unknown = rows.tokens === 0 ? 0 : rows.unknown / rows.tokens;
  const parts: (readonly string[])[] = [
    [
      `${counted(evaluation.rows, "row")}; ${percent(unknown)} of their tokens unknown, ${
        counted(rows.truncated, "row")
      } cut` +
      (rows.skipped > 0 ? `, ${counted(rows.skipped, "bad row")} skipped` : ""),
    ],
    columns([
      ["accuracy", percent(accuracy)],
      ["macro-F1", macroF1.toFixed(4)],
      ["loss", loss.toFixed(4)],
      ["calibration error", calibrationError.toFixed(4)],
    ]),
    columns([
      ["class", "precision", "recall", "F1", "rows"],
      ...classes.map(({ label, precision, recall, f1, support }) => [
        label,
        percent(precision),
        percent(recall),
        f1.toFixed(4),
        String(support),
      ]),
    ]),
  ];
  if (confusion && classes.length <= MOST_DRAWN) {
    const names = classes.map(({ label }) => label);
    const counts = confusion.map((row, index) => [names[index]!, ...row.map(String)]);
    parts.push(columns([["actual \\ predicted", ...names], ...counts]));
  }
  if (mistakes.length > 0) {
    const worst = mistakes.slice(0, MISTAKES).map(({ place, label, given, confidence, text }) =>
      `${place}: ${label} predicted as ${given} (${percent(confidence)}): ${text}`
    );
    parts.push(["Most confident mistakes:", ...worst]);
  }
  return parts.flatMap((part, index) => index === 0 ? part : ["", ...part]);
}

/** Aligns the first column left and the others right. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map(printable));
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)).join("  ")
      .trimEnd()
  );
}
