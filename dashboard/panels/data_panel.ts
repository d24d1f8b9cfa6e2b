/// <reference lib="dom" />
/** Shows statistics of the files that the run was trained on: rows, classes, vocabulary and warnings. */
import { counted } from "../../lib/base/counted.ts";
import type { DataStatistics } from "../../lib/data/statistics.ts";
import { messageOf, runData } from "../api.ts";
import { byId, create, short, tableRow } from "../page/dom.ts";
import { bytes, count, percent } from "../state/format.ts";
import type { RunView } from "../state/state.ts";

const ROLES = [["training", "Training"], ["validation", "Validation"], ["test", "Test"]] as const;

/** Most classes that are listed. */
const MOST_CLASSES = 200;

type Repeated = DataStatistics["duplicates"] | undefined;

export class DataPanel {
  readonly #view = byId("view-evaluation", HTMLElement);
  readonly #cards = [byId("data", HTMLElement), byId("data-labels", HTMLElement)] as const;
  readonly #parts = byId("data-parts", HTMLTableElement);
  readonly #facts = byId("data-facts", HTMLDListElement);
  readonly #classes = byId("data-classes", HTMLTableSectionElement);
  readonly #more = byId("data-more", HTMLElement);
  readonly #warnings = byId("data-warnings", HTMLUListElement);
  readonly #head = byId("data-head", HTMLTableRowElement);
  /** The run whose data is shown or requested. */
  #run = "";

  draw(view: RunView): void {
    const { run, started } = view;
    const hasFiles = started?.data !== undefined;
    this.#view.dataset["files"] = String(hasFiles);
    if (hasFiles && run === this.#run) return;
    this.#run = hasFiles ? run : "";
    if (hasFiles) void this.#load(run);
    else this.#empty(started ? "This run trains on generated data and has no files" : "Nothing yet");
  }

  async #load(run: string): Promise<void> {
    this.#empty("Loading");
    try {
      const data = await runData(run);
      if (run === this.#run) this.#show(data);
    } catch (error) {
      if (run === this.#run) this.#empty(messageOf(error));
    }
  }

  #empty(text: string): void {
    for (const card of this.#cards) card.dataset["empty"] = text;
  }

  #show(data: DataStatistics): void {
    const { parts, classes } = data;
    const roles = ROLES.filter(([role]) => parts[role]);
    this.#empty("");
    const heading = (text: string) => {
      const cell = create("th", "number", text);
      cell.scope = "col";
      return cell;
    };
    this.#head.replaceChildren(create("td"), ...roles.map(([, name]) => heading(name)));
    type Part = NonNullable<DataStatistics["parts"]["training"]>;
    const row = (name: string, value: (part: Part) => string) =>
      tableRow(name, ...roles.map(([role]) => value(parts[role]!)));
    this.#parts.tBodies[0]?.replaceChildren(
      row("Rows", ({ rows }) => count(rows)),
      row("Tokens", ({ tokens }) => count(tokens)),
      row("Unknown tokens", ({ unknown, tokens }) => percent(tokens > 0 ? unknown / tokens : 0)),
      row("Truncated rows", ({ truncated }) => count(truncated)),
      row("Empty rows", ({ empty }) => count(empty)),
    );
    this.#facts.replaceChildren(
      ...factsOf(data).map(([name, ...values]) =>
        create("div", "", create("dt", "", name), ...values.map((value) => create("dd", "", value)))
      ),
    );
    const most = Math.max(1, ...classes.map(({ training }) => training));
    this.#classes.replaceChildren(
      ...classes.slice(0, MOST_CLASSES).map(({ label, training, validation, test }) => {
        const fill = create("span", "fill");
        fill.style.width = `${100 * training / most}%`;
        const track = create("span", "track", fill);
        return tableRow(short(label), track, count(training), count(validation), parts.test ? count(test) : "–");
      }),
    );
    const left = classes.length - MOST_CLASSES;
    this.#more.textContent = left > 0 ? `and ${counted(left, "more class")}` : counted(classes.length, "class");
    this.#warnings.replaceChildren(...warningsOf(data).map((text) => create("li", "", text)));
  }
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
  const repeated = (rows: Repeated, part: string, text: string) => {
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
