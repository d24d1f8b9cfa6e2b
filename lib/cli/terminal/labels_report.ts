/** Formats what cross-validation finds about labels as lines for people. */
import { counted, percent, whole } from "../../base/counted.ts";
import { printable, shortened } from "../../base/printable.ts";
import type { RowFindings } from "../../model/label_findings.ts";
import type { Examination } from "../../model/examination.ts";
import { item, more } from "./check_report.ts";
import { confusedText } from "./evaluation_report.ts";

/** Limits the text of a row, in characters. */
const TEXT = 100;

/** Limits the rows that are listed of each kind: the file of --out has all. */
const LISTED = 10;

export function labelsReport(examination: Examination): string[] {
  const { rows, accuracy, macroF1, microF1, folds, spread, suspects, nearDuplicates, confused, thin } = examination;
  const [byOthers, over] = [`by n-grams of other rows`, `(± over ${folds.length} folds)`];
  const right = microF1 === undefined
    ? `${percent(accuracy)} ± ${percent(spread)} of ${counted(rows, "row")} are predicted right ${byOthers} ${over}`
    : `micro-F1 ${microF1.toFixed(4)} ± ${spread.toFixed(4)} of ${counted(rows, "row")} ${byOthers} ${over}; ` +
      `P@1 ${percent(accuracy)}`;
  return [
    item("Unseen", `${right}; macro-F1 ${macroF1.toFixed(4)}`),
    ...list("Labels", suspects, "is probably wrong", "are probably wrong", "the most suspected first", suspectText),
    ...list(
      "Near",
      nearDuplicates,
      "is almost equal to one",
      "are almost equal to one",
      "with another label",
      nearText,
    ),
    item("Confused", confused.length === 0 ? "none" : "classes that are mixed up most"),
    ...confused.map((pair) => `  ${confusedText(pair)}`),
    item("Thin", thin.length === 0 ? "none" : "classes that need rows"),
    ...thin.map(({ label, rows, f1 }) =>
      `  ${printable(label)}: ${counted(rows, "row")}, ${f1 === null ? "too few to learn" : `F1 ${f1.toFixed(4)}`}`
    ),
  ];
}

function list(
  name: string,
  { rows, examples }: Examination["suspects"],
  is: string,
  are: string,
  what: string,
  text: (row: RowFindings) => string,
): string[] {
  if (rows === 0) return [item(name, "none")];
  const shown = examples.slice(0, LISTED);
  return [
    item(name, `${whole(rows)} ${rows === 1 ? `row ${is}` : `rows ${are}`}, ${what}`),
    ...shown.map((row) => `  ${printable(text(row))}${row.text ? `: ${printable(shortened(row.text, TEXT))}` : ""}`),
    ...more(rows, shown.length),
  ];
}

function suspectText({ place, label, likely, likelyProbability }: RowFindings): string {
  return `${place}: ${label}, probably ${likely} (${percent(likelyProbability)})`;
}

function nearText({ place, label, near }: RowFindings): string {
  return `${place} (${label}), like ${near!.place} (${near!.label})`;
}
