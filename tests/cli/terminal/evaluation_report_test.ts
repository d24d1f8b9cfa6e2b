import { assert, assertEquals } from "@std/assert";
import { displayWidth } from "../../../lib/cli/terminal/columns.ts";
import { classTable, evaluationReport } from "../../../lib/cli/terminal/evaluation_report.ts";
import type { Evaluation } from "../../../lib/model/evaluation.ts";
import { evaluationOf, LABELS } from "../../finished_run.ts";

const ROWS = { tokens: 100, unknown: 2, truncated: 1, skipped: 0 };

function reported(evaluation: Evaluation, report: "short" | "full", width: number | undefined): string[] {
  return evaluationReport(evaluation, ROWS, { report, width });
}

/** Returns the line of each part's beginning. */
function headings(lines: readonly string[]): string[] {
  return lines.filter((_, index) => index === 0 || lines[index - 1] === "").map((line) =>
    line.trim().split(/ {2}/)[0]!
  );
}

Deno.test("evaluationReport() has the metrics, what is confused, the classes, then mistakes", () => {
  for (const width of [undefined, 80, 40]) {
    assertEquals(
      headings(reported(evaluationOf(LABELS), "short", width)),
      [
        "200 rows; 2.00% of their tokens unknown, 1 row cut",
        "accuracy",
        "Calibration: 77.13% confident on average, 87.50% right; furthest apart: 36 rows at 62.92%, 86.11% right",
        "answered",
        "Most confused classes:",
        "class",
        "actual \\ predicted",
        "Most confident mistakes:",
      ],
    );
  }
});

Deno.test("evaluationReport() shows coverage, what rejecting leaves, and rows out of scope", () => {
  const coverage = [{ coverage: 1, accuracy: 0.92, confidence: 0.31 }, { coverage: 0.5, accuracy: 1, confidence: 0.9 }];
  const answered = { threshold: 0.61, share: 0.9, accuracy: 0.955 };
  const outOfScope = { rows: 1000, auroc: 0.95123, rejected: 0.8 };
  const lines = reported({ ...evaluationOf(LABELS), coverage, answered, outOfScope }, "short", undefined);
  const first = lines.findIndex((line) => line.startsWith("answered"));
  assertEquals(lines.slice(first, first + 6), [
    "answered  accuracy  least confidence",
    "100.00%     92.00%            31.00%",
    "50.00%     100.00%            90.00%",
    "",
    "90.00% of the rows are answered, 95.50% of these right; the others are less than 61.00% confident",
    "1,000 rows out of scope: AUROC 0.9512 by confidence, 80.00% of them rejected",
  ]);
});

Deno.test("evaluationReport() lists the ten worst of 150 classes, or all, in any width", () => {
  const labels = Array.from(
    { length: 150 },
    (_, at) => at % 3 === 0 ? `分類-${at}` : `category ${at} / long_name_${at}`,
  );
  const evaluation = evaluationOf(labels);
  for (const width of [undefined, 80, 40]) {
    const short = reported(evaluation, "short", width);
    const full = reported(evaluation, "full", width);
    assertEquals(full.length - short.length, 139);
    assert(short.includes("… 140 more: --report full"));
    const table = full.slice(full.findIndex((line) => line.startsWith("class ")));
    const rows = table.slice(0, table.indexOf(""));
    assertEquals(rows.length, 151);
    if (width !== undefined) assertEquals(rows.filter((row) => displayWidth(row) > width), []);
    // The cells are below each other.
    assertEquals(new Set(rows.map(displayWidth)).size, 1);
    assertEquals(headings(short).includes("actual \\ predicted"), false);
  }
});

Deno.test("classTable() has the lowest F1 last, and first the classes without rows", () => {
  const classes = [["low", 0.1, 5], ["none", 0, 0], ["high", 0.9, 5], ["zero", 0, 2], ["zero too", 0, 7]] as const;
  const table = classTable(
    classes.map(([label, f1, support]) => ({ label, f1, support, precision: f1, recall: f1 })),
    80,
    9,
  );
  assertEquals(table, [
    "class     precision  recall      F1  rows",
    "none              -       -       -     0",
    "high          90.0%   90.0%  0.9000     5",
    "low           10.0%   10.0%  0.1000     5",
    "zero           0.0%    0.0%  0.0000     2",
    "zero too       0.0%    0.0%  0.0000     7",
  ]);
});

Deno.test("evaluationReport() draws the matrix with names, with numbers if those do not fit, or not", () => {
  const labels = Array.from({ length: 12 }, (_, at) => `a rather long label, number ${at + 1}`);
  const evaluation = evaluationOf(labels);
  const matrix = (width: number) => {
    const lines = reported(evaluation, "short", width);
    const from = lines.findIndex((line) => line.startsWith("actual"));
    return from < 0 ? [] : lines.slice(from, lines.indexOf("", from));
  };
  assertEquals(matrix(600)[0]!.match(/a rather long label/g)?.length, 12);
  const numbered = matrix(80);
  assertEquals(numbered[0], "actual \\ predicted                 1   2   3   4   5   6   7   8   9  10  11  12");
  assertEquals(numbered[1]!.startsWith("1 a rather long label, number 1 "), true);
  assertEquals(matrix(40), []);
});
