/// <reference lib="dom" />
/** What the files held that the run was trained on: rows, classes, vocabulary, and what is odd about them. */
import { counted } from "../../lib/base/counted.ts";
import type { DataStatistics } from "../../lib/data/statistics.ts";
import { messageOf, runData } from "../api.ts";
import { byId, create, short, tableRow } from "../page/dom.ts";
import { bytes, count, percent } from "../state/format.ts";
import type { RunView } from "../state/state.ts";

const ROLES = [["training", "Training"], ["validation", "Validation"], ["test", "Test"]] as const;

/** Classes that are listed. */
const MOST_CLASSES = 200;

type Repeated = DataStatistics["duplicates"] | undefined;

export class DataPanel {
  readonly #view = byId("view-judgement", HTMLElement);
  readonly #cards = [byId("data", HTMLElement), byId("data-labels", HTMLElement)] as const;
  readonly #parts = byId("data-parts", HTMLTableElement);
  readonly #facts = byId("data-facts", HTMLDListElement);
  readonly #classes = byId("data-classes", HTMLTableSectionElement);
  readonly #more = byId("data-more", HTMLElement);
  readonly #odd = byId("data-odd", HTMLUListElement);
  readonly #head = byId("data-head", HTMLTableRowElement);
  /** The run whose data is shown, or asked for. */
  #run = "";

  draw(view: RunView): void {
    const { run, started } = view;
    const hasFiles = started?.data !== undefined;
    this.#view.dataset["files"] = String(hasFiles);
    if (hasFiles && run === this.#run) return;
    this.#run = hasFiles ? run : "";
    if (hasFiles) void this.#load(run);
    else this.#empty(started ? "This run makes its own data: there is nothing to tell of files" : "Nothing yet");
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

  #empty(what: string): void {
    for (const card of this.#cards) card.dataset["empty"] = what;
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
        const given = tableRow(short(label), track, count(training), count(validation), parts.test ? count(test) : "–");
        return given;
      }),
    );
    const left = classes.length - MOST_CLASSES;
    this.#more.textContent = left > 0 ? `and ${counted(left, "more class")}` : counted(classes.length, "class");
    this.#odd.replaceChildren(...oddities(data).map((text) => create("li", "", text)));
  }
}

function factsOf(data: DataStatistics): (readonly [name: string, ...values: string[]])[] {
  const { vocabulary, lengths, maxLength, sources, bad } = data;
  const { size, known = size - 2, distinct, once, forgotten } = vocabulary;
  const unkept = forgotten > 0 ? ` · ${count(forgotten)} forgotten while reading` : "";
  return [
    [
      "Vocabulary",
      `${count(known)} of ${counted(distinct, "different token")} · ${counted(once, "comes", "come")} once${unkept}`,
    ],
    [
      "Length",
      `${counted(maxLength, "token")} kept · median ${count(lengths.p50)}, 99 % within ${count(lengths.p99)}, ` +
      `longest ${count(lengths.max)}`,
    ],
    ["Skipped", counted(bad.rows, "bad row")],
    [
      "Files",
      ...sources.map(({ name, role, format, bytes: size }) => `${name} · ${role} · ${format} · ${bytes(size)}`),
    ],
  ];
}

/** What somebody who trusts these data should know. */
function oddities({ warnings, bad, duplicates, conflicts, leaks }: DataStatistics): string[] {
  const repeated = (rows: Repeated, what: string) => {
    if (!rows || rows.rows === 0) return [];
    const [first] = rows.examples;
    const example = first ? `, such as ${first.place} and ${first.sameAs}` : "";
    return [`${count(rows.rows)} ${what}${example}`];
  };
  return [
    ...warnings,
    ...repeated(leaks.validation, "validation rows are among the training rows"),
    ...repeated(leaks.test, "test rows are among the training rows"),
    ...repeated(conflicts, "rows have a copy with another label"),
    ...repeated(duplicates, "rows are copies of others"),
    ...bad.first,
  ];
}
