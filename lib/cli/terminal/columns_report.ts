/** Formats the columns of rows as lines for people: their values, and a split by one of them. */
import { counted, percent, whole } from "../../base/counted.ts";
import { printableExcerpt } from "../../base/printable.ts";
import type { DataStatistics } from "../../data/statistics.ts";

/** Values of a column that are shown. */
const SHOWN = 8;

/** Lists the bins of numbers, and the most frequent categories, with their training rows. */
export function columnLines({ columns = [] }: DataStatistics): string[] {
  return columns.map(({ name, kind, values, missing, distinct, unknown }, at) => {
    const of = kind === "number" ? counted(distinct, "bin") : counted(distinct, "category", "categories");
    const shown = values.length <= SHOWN
      ? values
      : [...values.slice(0, SHOWN / 2), undefined, ...values.slice(-SHOWN / 2)];
    const listed = (kind === "number" ? shown : values.slice(0, SHOWN)).map((one) =>
      one ? `${printableExcerpt(one.value)} (${whole(one.rows)})` : "…"
    );
    const more = [
      ...kind === "category" && distinct > SHOWN ? ["…"] : [],
      ...missing > 0 ? [`missing in ${counted(missing, "row")}`] : [],
      ...unknown > 0 ? [`${whole(unknown)} rare ones are unknown`] : [],
    ];
    const head = (at === 0 ? "Columns" : "").padEnd(12);
    return `${head}${printableExcerpt(name)}: ${of}: ${[...listed, ...more].join(", ")}`;
  });
}

/** Says how a column splits the rows, and what a random split would have hidden. */
export function splitLines({ split, parts, leaks }: DataStatistics): string[] {
  const validation = parts.validation?.rows ?? 0;
  if (!split || validation === 0) return [];
  const { column, groups, from, random, accuracy } = split;
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
    ...accuracy
      ? [`  N-grams: ${percent(accuracy.random)} right with a random split, here ${percent(accuracy.own)}`]
      : [],
  ];
}
