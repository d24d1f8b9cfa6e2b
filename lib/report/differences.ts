/** Lists what differs between runs: config keys and classes. */
import type { RunDetail } from "../run/types.ts";
import { plain } from "./format.ts";

export interface Difference {
  readonly name: string;
  /** One per run. */
  readonly values: readonly string[];
}

/** Keys that say where and how a process ran, and nothing of the training. */
const OPERATION: ReadonlySet<string> = new Set([
  "host",
  "port",
  "runsDir",
  "log",
  "exit",
  "publicUrl",
  "trustProxy",
  "command",
]);

/** Returns the keys whose values differ between the configs of `runs`. */
export function differingKeys(runs: readonly Pick<RunDetail, "config">[]): Difference[] {
  const keys = [...new Set(runs.flatMap(({ config }) => Object.keys(config)))].filter((key) => !OPERATION.has(key));
  return keys.map((name) => ({ name, values: runs.map(({ config }) => name in config ? shown(config[name]) : "–") }))
    .filter(({ values }) => new Set(values).size > 1);
}

function shown(value: unknown): string {
  return Array.isArray(value) ? value.map(plain).join(", ") || "none" : plain(value);
}

interface Evaluated {
  readonly classes: readonly { readonly label: string; readonly f1: number }[];
}

/** Returns the F1 of each class by run, at most `most`, the classes first whose F1 differs most. */
export function classDifferences(evaluations: readonly (Evaluated | undefined)[], most: number): Difference[] {
  const f1s = evaluations.map((one) => new Map(one?.classes.map(({ label, f1 }) => [label, f1])));
  const labels = [...new Set(f1s.flatMap((f1) => [...f1.keys()]))];
  const spread = (label: string) => {
    const known = f1s.flatMap((f1) => f1.get(label) ?? []);
    return Math.max(...known) - Math.min(...known);
  };
  return labels.toSorted((a, b) => spread(b) - spread(a)).slice(0, most)
    .map((name) => ({ name, values: f1s.map((f1) => f1.get(name)?.toFixed(4) ?? "–") }));
}
