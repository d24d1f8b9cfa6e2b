/** Formats a split of the rows by a column as lines for people: what it is, and what a random split would have hidden. */
import { counted, whole } from "../../base/counted.ts";
import type { DataStatistics } from "../../data/statistics.ts";

export function splitLines({ split, parts, leaks }: DataStatistics): string[] {
  const validation = parts.validation?.rows ?? 0;
  if (!split || validation === 0) return [];
  const { column, groups, from, random } = split;
  const share = (rows: number, all: number) => `${whole(rows)} of ${whole(all)} (${(100 * rows / all).toFixed(1)}%)`;
  const what = groups
    ? `by "${column}": ${counted(groups.training, "group")} to train on, ${whole(groups.validation)} others to validate`
    : `by "${column}": validation is the newest rows, from ${from} on`;
  const hidden = [
    ...random.shared === undefined ? [] : [`group: ${share(random.shared, random.rows)}, here none`],
    `tokens: ${share(random.leaks, random.rows)}, here ${share(leaks.validation?.rows ?? 0, validation)}`,
  ];
  return [
    `${"Split".padEnd(12)}${what}`,
    "  A random split would hide this; its validation rows with a training row of the same",
    ...hidden.map((line) => `  ${line}`),
  ];
}
