/** Lists what differs between runs: config keys first, then results. No DOM. */
import type { RunDetail } from "../../lib/run/types.ts";
import { duration, loss, percent, plain } from "./format.ts";

export interface Difference {
  readonly name: string;
  /** One per run. */
  readonly values: readonly string[];
}

/** Keys that say where and how a process ran, and nothing of the training. */
const OPERATION: ReadonlySet<string> = new Set(["host", "port", "runsDir", "log", "exit", "publicUrl", "command"]);

/** Returns the keys whose values differ between the configs of `runs`. */
export function differingKeys(runs: readonly Pick<RunDetail, "config">[]): Difference[] {
  const keys = [...new Set(runs.flatMap(({ config }) => Object.keys(config)))].filter((key) => !OPERATION.has(key));
  return keys.map((name) => ({ name, values: runs.map(({ config }) => name in config ? plain(config[name]) : "–") }))
    .filter(({ values }) => new Set(values).size > 1);
}

/** Returns the results of `runs`. */
export function results(runs: readonly RunDetail[]): Difference[] {
  const row = (name: string, value: (summary: NonNullable<RunDetail["summary"]>) => string): Difference => ({
    name,
    values: runs.map(({ summary }) => summary ? value(summary) : "–"),
  });
  return [
    row("validation accuracy", ({ heldOut }) => percent(heldOut?.accuracy)),
    row("validation loss", ({ heldOut }) => loss(heldOut?.loss)),
    row("test accuracy", ({ test }) => percent(test?.accuracy)),
    row("macro-F1", ({ test, validation }) => (test ?? validation)?.macroF1.toFixed(4) ?? "–"),
    row("training time", ({ seconds }) => duration(seconds)),
  ].filter(({ values }) => values.some((value) => value !== "–"));
}
