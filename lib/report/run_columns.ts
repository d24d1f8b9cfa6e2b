/** The columns of the list of runs that can be sorted: results, and one config key that the user chooses. */
import type { RunDetail } from "../run/types.ts";
import { count, duration, loss, percent, plain } from "./format.ts";

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

export const RESULTS: readonly Column[] = [
  result("validation accuracy", ({ heldOut }) => heldOut?.accuracy, percent),
  result("loss", ({ heldOut }) => heldOut?.loss, loss),
  result("test", ({ test }) => test?.accuracy, percent),
  result("epochs", ({ epochs }) => epochs, count),
  result("time", ({ seconds }) => seconds, duration),
];

/** Returns the column of a config key. */
export function configColumn(name: string): Column {
  const value = ({ config }: RunDetail) => {
    const one = config[name];
    return one === undefined || typeof one === "number" ? one : plain(one);
  };
  return { name, value, text: (run) => plain(value(run) ?? "–") };
}

export interface Order {
  /** Name of the column. */
  readonly by: string;
  readonly isDescending: boolean;
}

/** Returns the order after a click on the head of column `by`: descending, then ascending, then none. */
export function nextOrder(order: Order | undefined, by: string): Order | undefined {
  if (order?.by !== by) return { by, isDescending: true };
  return order.isDescending ? { by, isDescending: false } : undefined;
}

/** Sorts by a column. Runs without a value come last. */
export function sortRuns(
  runs: readonly RunDetail[],
  columns: readonly Column[],
  order: Order | undefined,
): RunDetail[] {
  const column = columns.find(({ name }) => name === order?.by);
  if (!column || !order) return [...runs];
  const sign = order.isDescending ? -1 : 1;
  return runs.toSorted((one, other) => {
    const [a, b] = [column.value(one), column.value(other)];
    if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
    return sign * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en"));
  });
}
