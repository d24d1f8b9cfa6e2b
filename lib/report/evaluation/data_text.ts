/** Describes the statistics of data: rows by part, facts, and warnings. */
import { counted } from "../../base/counted.ts";
import type { DataStatistics, RepeatedRows } from "../../data/statistics.ts";
import { bytes, count, percent } from "../format.ts";

const ROLES = [["training", "Training"], ["validation", "Validation"], ["test", "Test"]] as const;

/** Returns the numbers of each part as columns and rows. */
export function partsTable({ parts }: DataStatistics): { columns: string[]; rows: string[][] } {
  const roles = ROLES.flatMap(([role, name]) => {
    const part = parts[role];
    return part ? [{ name, part }] : [];
  });
  type Part = typeof roles[number]["part"];
  const row = (name: string, value: (part: Part) => string) => [name, ...roles.map(({ part }) => value(part))];
  return {
    columns: ["", ...roles.map(({ name }) => name)],
    rows: [
      row("Rows", ({ rows }) => count(rows)),
      row("Tokens", ({ tokens }) => count(tokens)),
      row("Unknown tokens", ({ unknown, tokens }) => percent(tokens > 0 ? unknown / tokens : 0)),
      row("Truncated rows", ({ truncated }) => count(truncated)),
      row("Empty rows", ({ empty }) => count(empty)),
    ],
  };
}

/** Returns facts about the vocabulary, the lengths and the files. */
export function dataFacts(data: DataStatistics): (readonly [name: string, ...values: string[]])[] {
  const { vocabulary, lengths, maxLength, sources, bad } = data;
  const { size, known = size - 2, distinct, once, forgotten, vectors } = vocabulary;
  const of = `${count(known)} of ${counted(distinct, "different token")} · ${counted(once, "occurs", "occur")} once`;
  return [
    ["Vocabulary", forgotten > 0 ? `${of} · ${count(forgotten)} forgotten while reading` : of],
    ...vectors
      ? [["Vectors", `of ${count(vectors.words)} of them, and of ${counted(vectors.others, "other word")}`] as const]
      : [],
    [
      "Length",
      `${counted(maxLength, "token")} read · median ${count(lengths.p50)}, 99 % within ${count(lengths.p99)}, ` +
      `longest ${count(lengths.max)}`,
    ],
    ["Skipped", counted(bad.rows, "bad row")],
    [
      "Files",
      ...sources.map(({ name, role, format, bytes: size }) => `${name} · ${role} · ${format} · ${bytes(size)}`),
    ],
  ];
}

/** Returns warnings about the data, with an example of each kind of repeated row. */
export function dataWarnings({ warnings, bad, duplicates, conflicts, leaks }: DataStatistics): string[] {
  const repeated = (rows: RepeatedRows | undefined, part: string, text: string) => {
    if (!rows || rows.rows === 0) return [];
    const [first] = rows.examples;
    const example = first ? `, such as ${exampleText(first)}` : "";
    return [`${counted(rows.rows, `${part}row has`, `${part}rows have`)} ${text}${example}`];
  };
  return [
    ...warnings,
    ...repeated(leaks.validation, "validation ", "the tokens of a training row"),
    ...repeated(leaks.test, "test ", "the tokens of a training row"),
    ...repeated(conflicts, "", "another label than an earlier row with the same tokens"),
    ...repeated(duplicates, "", "the tokens of an earlier row"),
    ...bad.first,
  ];
}

/** Formats an example of a repeated row: `tickets.csv:18 (bug), same as tickets.csv:7 (feature): …`. */
export function exampleText({ place, sameAs, label, sameLabel, text }: RepeatedRows["examples"][number]): string {
  const labelled = (place: string, label: string | undefined) => label === undefined ? place : `${place} (${label})`;
  const pair = `${labelled(place, label)}, same as ${labelled(sameAs, sameLabel)}`;
  return text === undefined ? pair : `${pair}: ${text}`;
}
