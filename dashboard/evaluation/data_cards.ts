/** Statistics of the files that the run was trained on: rows, vocabulary, warnings, and rows per class. */
import { counted } from "../../lib/base/counted.ts";
import { html as markup } from "htm/preact";
import { type ComponentChildren, h } from "preact";
import type { DataStatistics } from "../../lib/data/statistics.ts";
import { bytes, count, percent } from "../../lib/report/format.ts";
import type { Loaded } from "../store.ts";
import { Card, Short } from "../ui/card.ts";
import { Numbers } from "../ui/table.ts";

const ROLES = [["training", "Training"], ["validation", "Validation"], ["test", "Test"]] as const;

/** Most classes that are listed. */
const MOST_CLASSES = 200;

interface DataProps {
  readonly data: Loaded<DataStatistics>;
  readonly missing: string;
}

export function DataCards({ data: { value: data, error }, missing }: DataProps): ComponentChildren {
  if (!data) return h(Card, { id: "data", title: "Data", empty: error ?? missing });
  const { parts, classes } = data;
  const roles = ROLES.filter(([role]) => parts[role]);
  type Part = NonNullable<DataStatistics["parts"]["training"]>;
  const row = (name: string, value: (part: Part) => string) =>
    [name, ...roles.map(([role]) => value(parts[role]!))] as const;
  const most = Math.max(1, ...classes.map(({ training }) => training));
  const left = classes.length - MOST_CLASSES;
  const more = left > 0 ? `and ${counted(left, "more class")}` : counted(classes.length, "class");
  return markup`
    ${
    h(
      Card,
      { id: "data", title: "Data" },
      markup`<div id="data-parts">${
        h(Numbers, {
          labelledBy: "data-title",
          columns: ["", ...roles.map(([, name]) => name)],
          rows: [
            row("Rows", ({ rows }) => count(rows)),
            row("Tokens", ({ tokens }) => count(tokens)),
            row("Unknown tokens", ({ unknown, tokens }) => percent(tokens > 0 ? unknown / tokens : 0)),
            row("Truncated rows", ({ truncated }) => count(truncated)),
            row("Empty rows", ({ empty }) => count(empty)),
          ],
        })
      }</div>
      <dl class="datafacts">${
        factsOf(data).map(([name, ...values]) =>
          markup`<div key=${name}><dt>${name}</dt>${values.map((value) => markup`<dd>${value}</dd>`)}</div>`
        )
      }</dl>
      <ul id="data-warnings" class="warnings">${
        warningsOf(data).map((text) => markup`<li key=${text}>${text}</li>`)
      }</ul>`,
    )
  }
    ${
    h(
      Card,
      { id: "data-labels", title: markup`Classes <span class="at">${more}</span>` },
      h(Numbers, {
        labelledBy: "data-labels-title",
        look: "tall labels",
        columns: ["class", "", "training", "validation", "test"],
        rows: classes.slice(0, MOST_CLASSES).map(({ label, training, validation, test }) => [
          h(Short, { text: label }),
          markup`<span class="track"><span class="fill" style="width: ${100 * training / most}%"></span></span>`,
          count(training),
          count(validation),
          parts.test ? count(test) : "–",
        ]),
      }),
    )
  }`;
}

function factsOf(data: DataStatistics): (readonly [name: string, ...values: string[]])[] {
  const { vocabulary, lengths, maxLength, sources, bad } = data;
  const { size, known = size - 2, distinct, once, forgotten, vectors } = vocabulary;
  const forgottenText = forgotten > 0 ? ` · ${count(forgotten)} forgotten while reading` : "";
  return [
    [
      "Vocabulary",
      `${count(known)} of ${counted(distinct, "different token")} · ${
        counted(once, "occurs", "occur")
      } once${forgottenText}`,
    ],
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
function warningsOf({ warnings, bad, duplicates, conflicts, leaks }: DataStatistics): string[] {
  const repeated = (rows: DataStatistics["duplicates"] | undefined, part: string, text: string) => {
    if (!rows || rows.rows === 0) return [];
    const [first] = rows.examples;
    const example = first ? `, such as ${first.place}, same as ${first.sameAs}` : "";
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
