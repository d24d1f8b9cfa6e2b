/** Chooses the metric that says how good a run's model is, and what to compare it to. */
import { counted } from "../base/counted.ts";
import type { RowMetrics } from "../base/row_metrics.ts";
import type { DataStatistics } from "../data/statistics.ts";
import type { RunDetail } from "../run/types.ts";
import { percent } from "./format.ts";
import { type RunView, setting, settings } from "./run_view.ts";

export interface Reference {
  readonly name: string;
  /** Says more in a tooltip. */
  readonly title?: string;
  readonly accuracy: number;
}

export interface Quality {
  /** Names the model that has this accuracy, and the rows. */
  readonly model: string;
  readonly rows: string;
  /** Undefined until something was evaluated. */
  readonly accuracy: number | undefined;
  /** Half of the 95 % confidence interval. */
  readonly margin: number | undefined;
  readonly loss: number | undefined;
  readonly macroF1: number | undefined;
  /** Says what a run that continues from another one has forgotten. */
  readonly change?: string;
  /** Other models on the same rows, to compare with. */
  readonly others: readonly Reference[];
}

interface Known {
  readonly data?: DataStatistics | undefined;
  /** An earlier run on the same files. */
  readonly last?: RunDetail | undefined;
}

/** Returns the accuracy of the served model on the test rows, or validation rows, or else of what is known so far. */
export function qualityOf(view: RunView, { data, last }: Known): Quality {
  const { summary, validation, baseline, started } = view;
  const served = summary?.test ?? summary?.validation;
  const role = summary?.test ? "test" : "validation";
  // A run on files that has not read them yet has only the default.
  const planned = settings(view)["task"] === "table" ? undefined : setting(view, "heldOut");
  const number = served?.rows ?? started?.data?.validation ?? planned;
  const common = { rows: number === undefined ? "" : `on ${counted(number, `${role} row`)}` };
  const others = othersOf(view, role, data, last);
  if (served) {
    const what = served.several ? "Most probable labels that are right" : "Accuracy of the served model";
    const { before, after } = summary?.parent?.old ?? {};
    const change = before !== undefined && { change: `old rows ${percent(before)} before, ${percent(after)} after` };
    return { ...common, ...figures(served, served.rows), ...change, model: what, others };
  }
  if (validation) {
    const model = started?.data ? `Accuracy of the LSTM after epoch ${view.evaluated}` : "Accuracy";
    return { ...common, ...figures(validation, number), model, others };
  }
  const hasEnded = ["finished", "failed", "interrupted"].includes(view.phase);
  const model = baseline
    ? "Accuracy of the n-grams; the LSTM is not evaluated yet"
    : hasEnded
    ? "Training ended before the first evaluation"
    : "Accuracy";
  const rest = others.filter(({ name }) => name !== NGRAMS);
  return { ...common, ...figures(baseline?.validation, number), model, others: rest };
}

const NGRAMS = "only n-grams";

function figures(
  metrics: Partial<RowMetrics> | undefined,
  rows = 0,
): Omit<Quality, "model" | "rows" | "change" | "others"> {
  const { accuracy, loss, macroF1 } = metrics ?? {};
  return { accuracy, loss, macroF1, margin: accuracy === undefined ? undefined : marginOf(accuracy, rows) };
}

/** Returns half of the 95 % confidence interval of an accuracy; undefined for an unknown number of rows. */
export function marginOf(accuracy: number, rows = 0): number | undefined {
  return rows === 0 ? undefined : 1.96 * Math.sqrt(accuracy * (1 - accuracy) / rows);
}

function othersOf(
  { summary, baseline, started }: RunView,
  role: "validation" | "test",
  data: DataStatistics | undefined,
  last: RunDetail | undefined,
): Reference[] {
  const earlier = last?.summary?.[role]?.accuracy;
  const all: [name: string, accuracy: number | undefined, title?: string | undefined][] = [
    ["only the LSTM", summary?.lstm?.[role]?.accuracy],
    [NGRAMS, baseline?.[role]?.accuracy],
    ["the run before", earlier, last?.id],
    data
      ? largestClass(data, role)
      : [`chance, ${counted(started?.labels.length ?? 0, "class")}`, chance(started?.labels)],
  ];
  return all.flatMap(([name, accuracy, title]) =>
    accuracy === undefined ? [] : [{ name, accuracy, ...title !== undefined && { title } }]
  );
}

/** Returns the accuracy of always giving the most frequent class of the training rows. */
function largestClass(
  { classes, labels, parts }: DataStatistics,
  role: "validation" | "test",
): [string, number | undefined] {
  const all = labels ? parts[role]?.rows ?? 0 : classes.reduce((sum, counts) => sum + counts[role], 0);
  const largest = classes.toSorted((a, b) => b.training - a.training)[0];
  return [`always “${largest?.label ?? ""}”`, largest && all > 0 ? largest[role] / all : undefined];
}

function chance(labels: readonly string[] | undefined): number | undefined {
  return labels && labels.length > 0 ? 1 / labels.length : undefined;
}

/** Returns the newest finished run before `id` on the same data files. */
export function runBefore(id: string, config: RunDetail["config"], runs: readonly RunDetail[]): RunDetail | undefined {
  const files = JSON.stringify(config["data"]);
  return runs.find((run) => run.id < id && run.summary?.validation && JSON.stringify(run.config["data"]) === files);
}

/** Formats a difference of accuracies as `+1.25`, in percentage points. */
export function difference(from: number, to: number): string {
  const points = 100 * (to - from);
  const rounded = points.toFixed(2);
  return Number(rounded) === 0 ? "equal" : points > 0 ? `+${rounded}` : rounded.replace("-", "−");
}

/** Formats the margin as `± 1.9`. */
export function marginText(margin: number | undefined): string {
  return margin === undefined || margin === 0 ? "" : `± ${percent(margin, 1).replace("\u00a0%", "")}`;
}
