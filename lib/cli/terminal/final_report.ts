/** Formats the end of a run: the metrics of the served model, what to compare them to, and what it gets wrong. */
import { join } from "node:path";
import { counted, percent, whole } from "../../base/counted.ts";
import { errorMessage } from "../../base/errors.ts";
import type { Metrics, Summary } from "../../base/events.ts";
import type { RowMetrics } from "../../base/row_metrics.ts";
import type { Config } from "../../config/schema.ts";
import { type DataStatistics, dataStatisticsSchema } from "../../data/statistics.ts";
import type { Evaluation, Evaluations } from "../../model/evaluation.ts";
import { isLinearEnough, modelText, worstFirst } from "../../report/outcome.ts";
import { difference, marginOf, marginText, qualityOf } from "../../report/quality.ts";
import { apply } from "../../report/run_events.ts";
import { createView, type RunView, setting } from "../../report/run_view.ts";
import { readJson } from "../../run/files/files.ts";
import { readEvaluations } from "../../run/files/metrics_files.ts";
import { isFinal } from "../../run/log/summary.ts";
import { answeredText, classTable, confusedText, severalText } from "./evaluation_report.ts";
import type { Emphasis } from "./terminal.ts";

/**
 * Formats metrics, as in the line of an epoch: first the one by which the run is chosen. The accuracy of rows that may have
 * several labels is the precision of the most probable one.
 */
export function metricsText(
  { loss, accuracy, macroF1, several, rows }:
    & Metrics
    & Partial<Pick<RowMetrics, "rows">>
    & { readonly macroF1?: number | undefined; readonly several?: RowMetrics["several"] | undefined },
  metric: Config["metric"] = "log-loss",
  isMany = several !== undefined,
): string {
  const margin = marginText(marginOf(accuracy, several?.labelled ?? rows));
  const parts: [Config["metric"], string][] = [
    ["log-loss", `Loss: ${loss.toFixed(4)}`],
    ["accuracy", `${isMany ? "P@1" : "Accuracy"}: ${percent(accuracy)}${margin === "" ? "" : ` ${margin}`}`],
    ...macroF1 === undefined ? [] : [["macro-f1", `Macro-F1: ${macroF1.toFixed(4)}`] as [Config["metric"], string]],
  ];
  if (several) {
    const { microF1, precision, recall } = several;
    parts.push([
      "log-loss",
      `Micro-F1: ${microF1.toFixed(4)} (precision ${percent(precision)}, recall ${percent(recall)})`,
    ]);
  }
  const isFirst = ([name]: readonly [string, string]) => name === metric ? 0 : 1;
  return parts.sort((a, b) => isFirst(a) - isFirst(b)).map(([, text]) => text).join(" - ");
}

/** Columns of a name in the final report. */
export const NAMES = 12;

/** Formats a line of the final report. */
export const item = (name: string, text: string): string => (name === "" ? "" : `${name}:`).padEnd(NAMES) + text;

/** Formats several lines of the final report under one name. */
export const items = (name: string, texts: readonly string[]): string[] =>
  texts.map((text, index) => item(index === 0 ? name : "", text));

/** The evaluation and the data of a finished run, if it was trained on files. */
export interface RunFiles {
  readonly evaluations?: Evaluations | undefined;
  readonly statistics?: DataStatistics | undefined;
  /** Why there are none. */
  readonly problem?: string;
}

/** Reads the files of a run that has ended well. A problem with them is reported instead of their content. */
export async function readRunFiles(directory: string, summary: Summary): Promise<RunFiles> {
  try {
    const evaluations = await readEvaluations(directory, summary);
    return evaluations
      ? { evaluations, statistics: await readJson(join(directory, "data.json"), dataStatisticsSchema) }
      : {};
  } catch (error) {
    return { problem: errorMessage(error) };
  }
}

/** Returns the view of a finished run without its events. */
export function finishedView(summary: Summary, config: RunView["config"]): RunView {
  const view = createView(summary.run);
  view.config = config;
  apply(view, { type: "finished", id: 1, at: "", summary });
  return view;
}

interface ReportOptions {
  /** The metric that the run was chosen by. */
  readonly metric: Config["metric"];
  /** A full report lists all classes. */
  readonly report: Config["report"];
  readonly files?: RunFiles | undefined;
  /** The width of the terminal, undefined if the output is none. */
  readonly width: number | undefined;
}

/** A line of a report, with what stands out in it. */
export type ReportLine = readonly [text: string, emphasis?: Emphasis];

/** Formats the end of a run. What matters most comes last, where a terminal shows it. */
export function finalReport(view: RunView, { metric, report, files = {}, width }: ReportOptions): ReportLine[] {
  const { summary } = view;
  if (!summary) throw new RangeError(`Run ${view.run} has no summary`);
  const { best, heldOut, validation, test, lstm, baseline, parent, digest } = summary;
  const rows = setting(view, "heldOut");
  const evaluation = files.evaluations?.test ?? files.evaluations?.validation;
  const { answered, several, rows: evaluated = 0, confused = [] } = test ?? validation ?? {};
  const { accuracy = 0, others } = qualityOf(view, { data: files.statistics });
  const strong = (name: string, metrics: Parameters<typeof metricsText>[0]): ReportLine => {
    const text = metricsText(metrics, metric);
    return [item(name, text), { tone: "strong", part: text }];
  };
  const plain = (name: string, texts: readonly string[]) => items(name, texts).map((text): ReportLine => [text]);
  return [
    ...report === "full" ? classLines(files, width).map((text): ReportLine => [text]) : [],
    [endText(summary), { tone: "strong", part: isFinal(summary) ? "Finished:" : "Stopped:" }],
    ...plain("Best", best ? [`epoch ${best.epoch}, round ${best.round}`] : []),
    ...heldOut ? [strong("Validation", { ...rows !== undefined && { rows }, ...validation, ...heldOut })] : [],
    ...test ? [strong("Test", test)] : [],
    ...plain("Old rows", parent?.old ? [changeText(parent.old)] : []),
    ...plain("New rows", parent?.new ? [changeText(parent.new)] : []),
    ...plain("Labels", several ? [severalText(several, evaluated)] : []),
    ...plain("Answered", answered ? [answeredText(answered)] : []),
    ...plain(
      "Compared",
      validation
        ? others.map((other) => `${percent(other.accuracy)} ${other.name} (${difference(accuracy, other.accuracy)})`)
        : [],
    ),
    ...plain("Worst", evaluation ? worstTexts(evaluation) : []),
    ...plain("Confused", confused.map(confusedText)),
    ...plain("Model", lstm ? [modelText(lstm.share, baseline?.refitRows, (share) => percent(share, 0))] : []),
    ...plain(
      "",
      isLinearEnough(summary)
        ? ["The n-grams by themselves are enough here: their accuracy is within one standard error"]
        : [],
    ),
    [item("Digest", digestText(digest, width))],
  ];
}

function changeText(
  { rows, before, after }: { readonly rows: number; readonly before?: number | undefined; readonly after: number },
): string {
  const first = before === undefined ? "" : `${percent(before)} before, `;
  return `${first}${percent(after)} after (${counted(rows, "validation row")})`;
}

function endText(summary: Summary): string {
  const { reason, epochs, rounds, sequences, seconds, sequencesPerSecond } = summary;
  return `${isFinal(summary) ? "Finished:" : "Stopped:"} ${reason} after ${counted(epochs, "epoch")}, ${
    counted(rounds, "round")
  }, ${counted(sequences, "sequence")} ` +
    `in ${seconds.toFixed(1)} s (${whole(sequencesPerSecond)} sequences/s)`;
}

/** Lists so many classes with the lowest F1. */
const WORST = 2;

function worstTexts({ classes }: Evaluation): string[] {
  return worstFirst(classes).filter(({ support, f1 }) => support > 0 && f1 < 1).slice(0, WORST).map((one) =>
    `${one.label}: F1 ${one.f1.toFixed(4)}, recall ${percent(one.recall, 1)}, precision ${percent(one.precision, 1)} (${
      counted(one.support, "row")
    })`
  );
}

/** A digest that does not fit is shortened: `summary.json` has it. */
function digestText(digest: string, width = Infinity): string {
  return NAMES + digest.length < width ? digest : `${digest.slice(0, 12)}… (summary.json has all of it)`;
}

/** Lists every class, evaluated on the test rows if there are some, otherwise on the validation rows. */
function classLines({ evaluations, problem }: RunFiles, width: number | undefined): string[] {
  if (problem !== undefined) return [item("Classes", problem)];
  if (!evaluations) return [];
  const { rows, classes } = evaluations.test ?? evaluations.validation;
  const kind = evaluations.test ? "test row" : "validation row";
  return [item("Classes", `${counted(rows, kind)}, lowest F1 last`), ...classTable(classes, width, classes.length)];
}
