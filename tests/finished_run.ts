/** Makes consistent metrics of a finished run on files, for any number of classes. */
import type { DataStatistics } from "../lib/data/statistics.ts";
import type { Examination } from "../lib/model/examination.ts";
import { evaluatePredictions, type Evaluation, type Evaluations } from "../lib/model/evaluation.ts";

/** Returns `value` as the bytes of a JSON file. */
export function jsonText(value: unknown): Uint8Array<ArrayBuffer> | undefined {
  return value === undefined ? undefined : new TextEncoder().encode(JSON.stringify(value));
}

export const LABELS = ["account", "billing", "bug", "feature", "shipping"];

/** Counts the evaluation rows of each class. */
const ROWS = 40;

/** Makes the evaluation of a model that predicts the next class for about one row in eight. */
export function evaluationOf(labels: readonly string[]): Evaluation {
  const rows = labels.flatMap((_, label) =>
    Array.from({ length: ROWS }, (_, row) => ({ label, given: (row + label) % 8 === 0 ? label + 1 : label }))
  ).map(({ label, given }) => ({ label, given: given % labels.length }));
  const probabilities = new Float32Array(rows.length * labels.length);
  rows.forEach(({ label, given }, row) => {
    // Wrong answers are less confident; 13 and 40 have no common divisor.
    const confidence = (label === given ? 0.99 : 0.8) - 0.4 * (13 * row % ROWS) / ROWS;
    probabilities.fill((1 - confidence) / (labels.length - 1), row * labels.length, (row + 1) * labels.length);
    probabilities[row * labels.length + given] = confidence;
  });
  const metrics = evaluatePredictions(
    labels,
    Uint32Array.from(rows, ({ label }) => label),
    probabilities,
  );
  const wrong = rows.filter(({ label, given }) => label !== given).slice(0, 8);
  return {
    ...metrics,
    mistakes: wrong.map(({ label, given }, at) => ({
      place: `tickets.csv:${17 * at + 18}`,
      text: "Please pay back the full year, I ended the “basic” plan since the last update! ".repeat(1 + at % 3).trim(),
      label: labels[label]!,
      given: labels[given]!,
      confidence: 0.9,
    })),
  };
}

export function evaluationsOf(labels: readonly string[]): Evaluations {
  return { validation: evaluationOf(labels), test: evaluationOf(labels) };
}

/** Makes what cross-validation finds in four suspected rows and a pair of near-duplicates. */
export function examinationOf(labels: readonly string[]): Examination {
  const [one, other] = [labels[0]!, labels[1]!];
  const row = (line: number, probability: number) => ({
    place: `tickets.csv:${line}`,
    ...{ label: one, probability, likely: other, likelyProbability: 1 - probability, isSuspect: true },
    text: "the invoice for the team plan has no VAT number",
  });
  const near = { place: "tickets.csv:9", label: other, share: 0.875 };
  return {
    rows: 4000,
    accuracy: 0.9842,
    macroF1: 0.9841,
    folds: [0.98, 0.99, 0.985, 0.982, 0.984],
    spread: 0.0036,
    suspects: { rows: 56, examples: [18, 431, 77, 3].map((line, at) => row(line, 0.01 * (at + 1))) },
    nearDuplicates: { rows: 2, examples: [{ ...row(18, 0.3), near }] },
    confused: [{ label: one, given: other, rows: 8 }],
    thin: [{ label: labels.at(-1)!, rows: 7, f1: 0.5 }, { label: one, rows: 1, f1: null }],
  };
}

export function dataOf(labels: readonly string[]): DataStatistics {
  const classes = labels.map((label, at) => ({ label, training: 700 + 13 * at, validation: ROWS, test: ROWS }));
  const rows = classes.reduce((sum, { training }) => sum + training, 0);
  const evaluated = { rows: ROWS * labels.length, tokens: 530 * labels.length, unknown: 21, truncated: 2, empty: 0 };
  const example = { place: "tickets.csv:65", sameAs: "tickets.csv:16" };
  return {
    sources: [
      { name: "tickets.csv", format: "CSV with commas", sha256: "ae".repeat(32), bytes: 277_551, role: "training" },
    ],
    digest: "f9".repeat(32),
    classes,
    parts: {
      training: { rows, tokens: 13 * rows, unknown: 607, truncated: 29, empty: 1 },
      validation: evaluated,
      test: evaluated,
    },
    lengths: { p50: 13, p90: 18, p95: 19, p99: 22, max: 25 },
    maxLength: 22,
    vocabulary: { size: 513, known: 511, distinct: 1119, once: 608, forgotten: 0 },
    duplicates: { rows: 390, examples: [example] },
    conflicts: { rows: 14, examples: [example] },
    leaks: { validation: { rows: 48, examples: [example] } },
    bad: { rows: 2, first: ["tickets.csv:118 has 3 fields, expected 2", "tickets.csv:911 has no label"] },
    warnings: ['labels "Bug" and "bug" differ only in case or spacing'],
  };
}
