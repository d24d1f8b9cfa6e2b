/** Formats the statistics of data as lines for people. */
import { counted, whole } from "../../base/counted.ts";
import { sourceName } from "../../formats/bytes.ts";
import { FIRST_KNOWN } from "../../data/vocabulary/vocabulary.ts";
import type { DataOptions } from "../../config/data_shape.ts";
import { printable, printableExcerpt, shortened } from "../../base/printable.ts";
import { exampleText } from "../../report/evaluation/data_text.ts";
import { forCommandLine } from "../arguments/messages.ts";
import { displayWidth, padded } from "./columns.ts";
import { columnLines, splitLines } from "./columns_report.ts";
import {
  type DataStatistics,
  type PartStatistics,
  type Repetition,
  repetitions,
  type Role,
} from "../../data/statistics.ts";

/** Lists at most this many classes: the largest and the smallest ones. */
const CLASSES = 20;

/** Draws the bar of the largest class this wide. */
const BAR = 24;

/** Limits the text of a repeated row, in characters. */
const TEXT = 100;

/** A class is rare if the largest one has this many times as many rows. */
const RARE = 20;

const percent = (part: number, all: number) => all === 0 ? "-" : `${(100 * part / all).toFixed(1)}%`;

export function checkReport(
  statistics: DataStatistics,
  options: Pick<DataOptions, "maxLength" | "truncate">,
): string[] {
  return [
    ...statistics.sources.map(({ name, role, format, bytes }) =>
      `${sourceName(name)}: ${format}, ${size(bytes)}${role === "training" ? "" : ` (${role})`}`
    ),
    "",
    ...rowLines(statistics),
    ...classLines(statistics),
    ...lengthLines(statistics, options),
    ...vocabularyLines(statistics),
    ...columnLines(statistics),
    ...splitLines(statistics),
    ...repetitions(statistics).flatMap(repeatedLines),
    ...badLines(statistics),
    ...statistics.warnings.map((warning) => item("Warning", forCommandLine(warning))),
    ...rareLines(statistics),
  ];
}

/** Formats name and text as two columns. */
export function item(name: string, text: string): string {
  return `${name.padEnd(12)}${text}`;
}

function size(bytes: number): string {
  if (bytes < 1000) return counted(bytes, "byte");
  const [unit, divisor] = bytes < 1e6 ? ["kB", 1e3] : bytes < 1e9 ? ["MB", 1e6] : ["GB", 1e9];
  return `${(bytes / divisor).toFixed(1)} ${unit}`;
}

function eachPart({ parts }: DataStatistics): { readonly role: Role; readonly part: PartStatistics }[] {
  return (["training", "validation", "test"] as const).flatMap((role) => {
    const part = parts[role];
    return part ? [{ role, part }] : [];
  });
}

function rowLines(statistics: DataStatistics): string[] {
  const parts = eachPart(statistics);
  const all = parts.reduce((sum, { part }) => sum + part.rows, 0);
  const shares = parts.map(({ role, part }) => `${whole(part.rows)} ${role}`);
  const empty = parts.reduce((sum, { part }) => sum + part.empty, 0);
  return [
    item("Rows", `${whole(all)}: ${shares.join(", ")}`),
    item("Empty", empty === 0 ? "none" : `${counted(empty, "row")} without a token, each read as one unknown token`),
  ];
}

function classLines({ classes, labels, parts }: DataStatistics): string[] {
  const rows = classes.map(({ label, training, validation, test }) => ({ label, all: training + validation + test }));
  const all = Object.values(parts).reduce((sum, part) => sum + (part?.rows ?? 0), 0);
  rows.sort((a, b) => b.all - a.all || (a.label < b.label ? -1 : 1));
  const most = rows[0]?.all ?? 0;
  const shown = rows.length <= CLASSES ? rows : [...rows.slice(0, CLASSES / 2), ...rows.slice(-CLASSES / 2)];
  const names = shown.map(({ label }) => printableExcerpt(label));
  const width = Math.max(...names.map(displayWidth), 0);
  const digits = whole(most).length;
  const lines = shown.map((row, index) =>
    `  ${padded(names[index]!, width)}  ${whole(row.all).padStart(digits)}  ${percent(row.all, all).padStart(6)}` +
    `  ${"█".repeat(Math.max(1, Math.round(BAR * row.all / most)))}`
  );
  if (shown.length < rows.length) lines.splice(CLASSES / 2, 0, `  … ${whole(rows.length - CLASSES)} more …`);
  if (!labels) return [item("Classes", whole(rows.length)), ...lines];
  const perRow = `${labels.mean.toFixed(2)} of a row on average, at most ${labels.most}; ` +
    `${counted(labels.none, "row has", "rows have")} none`;
  return [item("Labels", `${whole(rows.length)}; ${perRow}`), ...lines];
}

/** Warns of classes that a model may neglect, and says what helps. */
function rareLines({ classes, labels }: DataStatistics): string[] {
  const most = Math.max(...classes.map(({ training }) => training));
  const rare = classes.filter(({ training }) => RARE * training <= most).sort((a, b) => a.training - b.training);
  const [first] = rare;
  if (!first) return [];
  const name = `${JSON.stringify(printableExcerpt(first.label))} (${counted(first.training, "training row")})`;
  const rows = `no more than a ${RARE}th of the training rows of the largest one`;
  const which = rare.length === 1
    ? `the class ${name} has`
    : `${counted(rare.length, "class")} have, the smallest is ${name},`;
  const weights = labels ? "" : "--class-weights balanced or ";
  const advice = `If rare classes matter as much, train with ${weights}--metric macro-f1`;
  return [item("Warning", `${which} ${rows}. ${advice}`)];
}

function lengthLines(statistics: DataStatistics, options: Pick<DataOptions, "maxLength" | "truncate">): string[] {
  const { p50, p90, p95, p99, max } = statistics.lengths;
  const cut = eachPart(statistics).map(({ part, role }) =>
    `${whole(part.truncated)} (${percent(part.truncated, part.rows)}) ${role}`
  );
  const why = options.maxLength === "auto" ? ", chosen from the data" : "";
  const side = options.truncate;
  return [
    item("Tokens", `50% of the rows have up to ${p50}, 90% ${p90}, 95% ${p95}, 99% ${p99}, the longest has ${max}`),
    item(
      "Length",
      `${counted(statistics.maxLength, "token is", "tokens are")} read${why}; rows cut at the ${side}: ${
        cut.join(", ")
      }`,
    ),
  ];
}

function vocabularyLines(statistics: DataStatistics): string[] {
  const { vocabulary } = statistics;
  const { distinct, once, vectors } = vocabulary;
  const tokens = vocabulary.known ?? vocabulary.size - FIRST_KNOWN;
  const known = eachPart(statistics).map(({ part, role }) =>
    `${percent(part.tokens - part.unknown, part.tokens)} ${role}`
  );
  return [
    item(
      "Vocabulary",
      `${whole(tokens)} of ${counted(distinct, "different token")} in the training rows, ` +
        `of which ${counted(once, "occurs", "occur")} once`,
    ),
    item("Coverage", `known tokens: ${known.join(", ")}`),
    ...vectors
      ? [item(
        "Vectors",
        `${whole(vectors.words)} of the known tokens, which are ${percent(vectors.share, 1)} of all tokens, and ` +
          `${counted(vectors.others, "other word")} have one of ${counted(vectors.width, "value")}`,
      )]
      : [],
  ];
}

function repeatedLines({ name, repeated, text }: Repetition): string[] {
  if (repeated.rows === 0) return name === "" ? [] : [item(name, "none")];
  const lines = repeated.examples.map(({ text, ...pair }) =>
    `  ${printable(exampleText({ ...pair, text: text && shortened(text, TEXT) }))}`
  );
  return [item(name, text), ...lines, ...more(repeated.rows, lines.length)];
}

function badLines({ bad }: DataStatistics): string[] {
  if (bad.rows === 0) return [item("Bad rows", "none")];
  return [
    item("Bad rows", whole(bad.rows)),
    ...bad.first.map((problem) => `  ${problem}`),
    ...more(bad.rows, bad.first.length),
  ];
}

export function more(all: number, listed: number): string[] {
  return all > listed ? [`  … and ${whole(all - listed)} more`] : [];
}
