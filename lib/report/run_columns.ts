/** The columns of a list of runs, which are also the rows of a comparison: results, and keys of the config. */
import type { RowMetrics } from "../base/row_metrics.ts";
import type { RunDetail } from "../run/types.ts";
import { type Difference, differingKeys } from "./differences.ts";
import { count, duration, loss, percent, plain, rate } from "./format.ts";
import { isStopped } from "./run_view.ts";

export interface Column {
  readonly name: string;
  /** The value to sort by; undefined if the run has none. */
  readonly value: (run: RunDetail) => number | string | undefined;
  readonly text: (run: RunDetail) => string;
}

type Summary = NonNullable<RunDetail["summary"]>;

function result(
  name: string,
  value: (summary: Summary) => number | undefined,
  format: (value: number | undefined) => string,
): Column {
  const of = ({ summary }: RunDetail) => summary ? value(summary) : undefined;
  return { name, value: of, text: (run) => format(of(run)) };
}

/** Returns the metrics of the served model on the test rows, or else on the validation rows. */
function served({ test, validation }: Summary): RowMetrics | undefined {
  return test ?? validation;
}

const decimals = (value: number | undefined) => value?.toFixed(4) ?? "–";

/** The results that a run can have: those of the served model first. */
export const RESULTS: readonly Column[] = [
  result("accuracy", (summary) => (served(summary) ?? summary.heldOut)?.accuracy, percent),
  result("loss", (summary) => (served(summary) ?? summary.heldOut)?.loss, loss),
  result("macro-F1", (summary) => served(summary)?.macroF1, decimals),
  result("validation accuracy", ({ heldOut }) => heldOut?.accuracy, percent),
  result("validation loss", ({ heldOut }) => heldOut?.loss, loss),
  result("test accuracy", ({ test }) => test?.accuracy, percent),
  result("calibration error", (summary) => served(summary)?.calibrationError, decimals),
  result("accuracy of the LSTM", ({ lstm }) => (lstm?.test ?? lstm?.validation)?.accuracy, percent),
  result("accuracy of the n-grams", ({ baseline }) => (baseline?.test ?? baseline?.validation)?.accuracy, percent),
  result("epochs", ({ epochs }) => epochs, count),
  result("time", ({ seconds }) => seconds, duration),
  result("sequences/s", ({ sequencesPerSecond }) => sequencesPerSecond, rate),
];

/** The results that most people look at. */
const USUAL: readonly string[] = ["accuracy", "loss", "macro-F1", "epochs", "time"];

/** Returns the results that at least one of `runs` has; those of validation and test rows only where they are others. */
export function results(runs: readonly RunDetail[]): Difference[] {
  const all = RESULTS.map(({ name, text }) => ({ name, values: runs.map(text) }));
  const general = new Map(all.map(({ name, values }) => [name, values.join()]));
  const isRepeated = ({ name, values }: Difference) =>
    /^(validation|test) /.test(name) && general.get(name.replace(/^\w+ /, "")) === values.join();
  return all.filter((row) => row.values.some((value) => value !== "–") && !isRepeated(row));
}

/** Returns the column of a result or of a config key. */
export function columnOf(name: string): Column {
  const known = RESULTS.find((column) => column.name === name);
  if (known) return known;
  const value = ({ config }: RunDetail) => {
    const one = config[name];
    return one === undefined || typeof one === "number" ? one : plain(one);
  };
  return { name, value, text: (run) => plain(value(run) ?? "–") };
}

/** Returns the state of a run in words; a run that was stopped is finished, too. */
export function stateOf({ state, summary }: RunDetail): string {
  return state === "finished" && isStopped(summary) ? "stopped" : state;
}

/** Says the state of a run, with its place in the queue, or that this server trains or serves it. */
export function stateText(run: RunDetail, current: string): string {
  const more = run.place !== undefined ? ` · ${run.place}` : run.id === current ? " · here" : "";
  return stateOf(run) + more;
}

/** Returns the names of the run's files, or the name of its generated task. */
export function dataOf({ config }: Pick<RunDetail, "config">): string {
  const data = config["data"];
  if (Array.isArray(data) && data.length > 0) return data.map((name) => plain(name).replace(/^.*[\\/]/, "")).join(", ");
  return plain(config["task"] ?? "–");
}

/** Returns the name of a run in a chart or a head of a table: with the end of its id, as others may have its name. */
export function titleOf({ id, name }: Pick<RunDetail, "id" | "name">): string {
  return name === undefined ? id : `${name} (${id.slice(-4)})`;
}

/** Config keys that have a column because they differ, unless the user chooses others. */
const MOST_DIFFERING = 6;

/** Returns the names of the columns of a list of `runs`, unless the user chooses others: usual results, and what differs. */
export function usualColumns(runs: readonly RunDetail[]): string[] {
  // Results have the same names as a few keys: the epochs that were made are there already.
  const keys = differingKeys(runs).map(({ name }) => name).filter((key) => !USUAL.includes(key));
  return [...USUAL, ...keys.slice(0, MOST_DIFFERING)];
}
