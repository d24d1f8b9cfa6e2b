/** Formats an evaluation as lines of text: metrics, classes, confusion matrix, and the most confident mistakes. */
import { counted, percent } from "../../base/counted.ts";
import type { RowMetrics } from "../../base/row_metrics.ts";
import { printable, shortened } from "../../base/printable.ts";
import type { Evaluation } from "../../model/evaluation.ts";
import { confusedClasses } from "../../run/evaluation/evaluate_rows.ts";
import { worstFirst } from "../../report/outcome.ts";
import { marginOf, marginText } from "../../report/quality.ts";
import { columns, displayWidth } from "./columns.ts";

/** With more classes than this, the confusion matrix is left out. */
const MOST_DRAWN = 20;

/** A short report lists so many classes. */
const WORST = 10;

const MISTAKES = 5;

/** Limits the text of a mistake, in characters. */
const TEXT = 300;

/** Shares of the rows for which the report has the accuracy. */
const COVERAGES = [1, 0.95, 0.9, 0.8, 0.5];

/** The width of a confusion matrix where the output is not a terminal. */
const WIDEST = 240;

/** Below this width of the terminal, headings are abbreviated, so that more of the labels is visible. */
const NARROW = 60;

/** Counts of the evaluated rows. */
interface RowCounts {
  readonly tokens: number;
  readonly unknown: number;
  readonly truncated: number;
  readonly skipped: number;
}

/** Sets how much a report lists, and its width: undefined if the output is not a terminal. */
interface Layout {
  readonly report: "short" | "full";
  readonly width: number | undefined;
}

export function evaluationReport(evaluation: Evaluation, rows: RowCounts, { report, width }: Layout): string[] {
  const { rows: evaluated, accuracy, macroF1, loss, calibrationError, calibration, several, coverage } = evaluation;
  const { answered, outOfScope, classes, mistakes, decisive } = evaluation;
  const unknown = rows.tokens === 0 ? 0 : rows.unknown / rows.tokens;
  const parts: (readonly string[])[] = [
    [
      `${counted(evaluated, "row")}; ${percent(unknown)} of their tokens unknown, ${
        counted(rows.truncated, "row")
      } cut` +
      (rows.skipped > 0 ? `, ${counted(rows.skipped, "bad row")} skipped` : ""),
    ],
    columns([
      ...several ? severalRows(several) : [],
      [several ? "P@1" : "accuracy", percent(accuracy), marginText(marginOf(accuracy, several?.labelled ?? evaluated))],
      ...several ? [] : [[
        "largest class",
        percent(classes.reduce((most, { support }) => Math.max(most, support), 0) / evaluated),
        "",
      ]],
      ["macro-F1", macroF1.toFixed(4), ""],
      ["loss", loss.toFixed(4), ""],
      ["calibration error", calibrationError.toFixed(4), ""],
    ], width),
    ...several ? [[severalText(several, evaluated)]] : [],
    ...calibration ? [[calibrationText(calibration)]] : [],
    ...coverage ? [coverageLines(coverage, width)] : [],
    ...answered || outOfScope ? [[...answered ? [answeredText(answered)] : [], ...scopeLines(outOfScope)]] : [],
  ];
  const confused = confusedClasses(evaluation);
  if (confused.length > 0) parts.push(["Most confused classes:", ...confused.map(confusedText)]);
  parts.push(classTable(classes, width, report === "full" ? classes.length : WORST));
  const matrix = confusionMatrix(evaluation, width);
  if (matrix.length > 0) parts.push(matrix);
  if (mistakes.length > 0) {
    const worst = mistakes.slice(0, MISTAKES).map(({ place, label, given, confidence, text }) =>
      `${place}: ${label} predicted as ${given} (${percent(confidence)}): ${shortened(text, TEXT)}`
    );
    parts.push(["Most confident mistakes:", ...worst]);
  }
  if (decisive && decisive.length > 0) {
    parts.push(["Tokens that decide most mistakes:", ...decisiveLines(decisive, width)]);
  }
  return parts.flatMap((part, index) => index === 0 ? part : ["", ...part]);
}

function decisiveLines(decisive: NonNullable<Evaluation["decisive"]>, width: number | undefined): string[] {
  return columns([
    ["token", "mistakes", "mostly"],
    ...decisive.map(({ token, rows, label, given }) => [
      token === "" ? "(unknown)" : token,
      String(rows),
      `${label} predicted as ${given}`,
    ]),
  ], width);
}

/** Says how far confidences are from the truth, and where most. */
function calibrationText(bins: NonNullable<Evaluation["calibration"]>): string {
  const mean = (part: "confidence" | "accuracy") =>
    bins.reduce((sum, bin) => sum + bin[part] * bin.rows, 0) / bins.reduce((sum, { rows }) => sum + rows, 0);
  const gap = ({ confidence, accuracy, rows }: typeof bins[number]) => rows * Math.abs(confidence - accuracy);
  const worst = bins.reduce((a, b) => gap(b) > gap(a) ? b : a);
  return `Calibration: ${percent(mean("confidence"))} confident on average, ${
    percent(mean("accuracy"))
  } right; furthest ` +
    `apart: ${counted(worst.rows, "row")} at ${percent(worst.confidence)}, ${percent(worst.accuracy)} right`;
}

/** Shows how much more accurate the most confident answers are. */
function coverageLines(coverage: NonNullable<Evaluation["coverage"]>, width: number | undefined): string[] {
  // The shares fall. The row of a share is the last one that reaches it.
  const shown = new Set(COVERAGES.flatMap((share) => coverage.findLast((row) => row.coverage >= share) ?? []));
  return columns([
    ["answered", "accuracy", "least confidence"],
    ...[...shown].map((row) => [percent(row.coverage), percent(row.accuracy), percent(row.confidence)]),
  ], width);
}

function severalRows({ microF1, precision, recall }: NonNullable<RowMetrics["several"]>): string[][] {
  return [["micro-F1", microF1.toFixed(4), ""], ["precision", percent(precision), ""], ["recall", percent(recall), ""]];
}

/** Says how many rows have all their labels right, and how good the most probable labels are. */
export function severalText(
  { exact, labels, labelled = Infinity, unseen = 0, at }: NonNullable<RowMetrics["several"]>,
  rows: number,
): string {
  const ranks = at.map(({ rank, precision, recall }) =>
    `P@${rank} ${percent(precision)}, R@${rank} ${percent(recall)}`
  );
  const without = labelled < rows ? `; without the ${counted(rows - labelled, "row")} that have no label` : "";
  return `${percent(exact)} of the rows have exactly their labels, ${labels.toFixed(2)} each on average; ${
    ranks.join("; ")
  }${without}${unseen > 0 ? `; ${counted(unseen, "label")} of no training row missed` : ""}`;
}

/** Says what rejecting rows leaves. */
export function answeredText({ threshold, share, accuracy }: NonNullable<RowMetrics["answered"]>): string {
  return `${percent(share)} of the rows are answered, ${percent(accuracy)} of these right; the others are less than ` +
    `${percent(threshold)} confident`;
}

function scopeLines(outOfScope: Evaluation["outOfScope"]): string[] {
  if (!outOfScope) return [];
  const { rows, auroc, rejected } = outOfScope;
  const text = `${counted(rows, "row")} out of scope: AUROC ${auroc.toFixed(4)} by confidence`;
  return [rejected === undefined ? text : `${text}, ${percent(rejected)} of them rejected`];
}

/** Describes a pair of classes that the model confuses. */
export function confusedText(
  { label, given, rows }: { readonly label: string; readonly given: string; readonly rows: number },
): string {
  return printable(`${label} predicted as ${given} (${counted(rows, "row")})`);
}

/**
 * Lists `classes` with the lowest F1 last, where a terminal shows them: the last `most`, and how many there are
 * besides. Classes without rows come first, as nothing is known about them.
 */
export function classTable(classes: Evaluation["classes"], width: number | undefined, most: number): string[] {
  const shown = worstFirst(classes).slice(0, most).toReversed();
  const isNarrow = width !== undefined && width < NARROW;
  const lines = columns([
    ["class", isNarrow ? "prec." : "precision", "recall", "F1", "rows"],
    ...shown.map(({ label, precision, recall, f1, support }) =>
      support === 0
        ? [label, "-", "-", "-", "0"]
        : [label, percent(precision, 1), percent(recall, 1), f1.toFixed(4), String(support)]
    ),
  ], width);
  const left = classes.length - shown.length;
  if (left > 0) lines.splice(1, 0, `… ${left} more: --report full`);
  return lines;
}

/** Draws the confusion matrix; with numbers for names if those do not fit, and not at all if the numbers do not fit. */
function confusionMatrix({ classes, confusion }: Evaluation, width: number = WIDEST): string[] {
  if (!confusion || classes.length > MOST_DRAWN) return [];
  const draw = (names: readonly string[], headings: readonly string[], most?: number) =>
    columns([
      ["actual \\ predicted", ...headings],
      ...confusion.map((row, index) => [names[index]!, ...row.map(String)]),
    ], most);
  const fits = (lines: readonly string[]) => lines.every((line) => displayWidth(line) <= width);
  const names = classes.map(({ label }) => label);
  const named = draw(names, names);
  if (fits(named)) return named;
  const numbered = draw(
    names.map((name, index) => `${index + 1} ${name}`),
    names.map((_, index) => String(index + 1)),
    width,
  );
  return fits(numbered) ? numbered : [];
}
