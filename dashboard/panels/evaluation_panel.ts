/// <reference lib="dom" />
/** How the finished model does on rows it was not trained on, beside the baseline. */
import { counted } from "../../lib/base/counted.ts";
import type { Metrics, Summary } from "../../lib/base/events.ts";
import type { Evaluation, Evaluations } from "../../lib/model/evaluation.ts";
import { messageOf, runJudgement } from "../api.ts";
import { ConfusionTable } from "./confusion_table.ts";
import { byId, create, setText, short, tableRow } from "../page/dom.ts";
import { count, loss, percent } from "../state/format.ts";
import type { RunView } from "../state/state.ts";

const CARDS = ["figures-judged", "classes-judged", "confusion", "mistakes"] as const;

type LstmFigures = NonNullable<NonNullable<Summary["lstm"]>["test"]>;

const FIGURE_COLUMNS = [["served", "served"], ["lstm", "LSTM"], ["ngrams", "n-grams"]] as const;

/** Classes that are listed. */
const MOST_CLASSES = 200;

export class JudgementPanel {
  readonly #cards = CARDS.map((id) => byId(id, HTMLElement));
  readonly #choice = byId("judged-by", HTMLFieldSetElement);
  readonly #head = byId("figure-head", HTMLTableRowElement);
  readonly #figures = byId("figure-rows", HTMLTableSectionElement);
  readonly #shares = byId("figure-shares", HTMLElement);
  readonly #classes = byId("class-rows", HTMLTableSectionElement);
  readonly #more = byId("class-more", HTMLElement);
  readonly #mistakes = byId("mistake-rows", HTMLOListElement);
  readonly #confusion = new ConfusionTable();
  #role: keyof Evaluations = "validation";
  #judgements: Evaluations | undefined;
  #summary: Summary | undefined;

  constructor() {
    for (const input of this.#choice.querySelectorAll("input")) {
      input.addEventListener("change", () => {
        this.#role = input.value === "test" ? "test" : "validation";
        this.#show();
      });
    }
  }

  draw(view: RunView): void {
    const { summary, started, phase } = view;
    // A model that learns on has another judgement.
    if (summary?.validation) {
      if (summary !== this.#summary) void this.#load(summary);
      return;
    }
    this.#summary = undefined;
    const isOver = phase === "failed" || phase === "interrupted";
    if (!started) this.#empty("Nothing yet");
    else if (!started.data) this.#empty("This run makes its own data");
    else {this.#empty(
        isOver ? `The run ${phase === "failed" ? "failed" : "was interrupted"}` : "When training has ended",
      );}
  }

  async #load(summary: Summary): Promise<void> {
    this.#summary = summary;
    this.#empty("Loading");
    try {
      const judgements = await runJudgement(summary.run);
      if (summary !== this.#summary) return;
      this.#judgements = judgements;
      this.#choice.hidden = !judgements.test;
      if (!judgements.test) this.#role = "validation";
      this.#show();
    } catch (error) {
      if (summary === this.#summary) this.#empty(messageOf(error));
    }
  }

  #empty(what: string): void {
    this.#choice.hidden = true;
    for (const card of this.#cards) card.dataset["empty"] = what;
  }

  #show(): void {
    const judgement = this.#judgements?.[this.#role];
    if (!judgement) return;
    for (const card of this.#cards) card.dataset["empty"] = "";
    for (const input of this.#choice.querySelectorAll("input")) input.checked = input.value === this.#role;
    const lstm = this.#summary?.lstm;
    this.#head.replaceChildren(
      create("td"),
      ...FIGURE_COLUMNS.flatMap(([key, name]) => {
        if (key === "lstm" && !lstm) return [];
        const cell = create("th", "number", name);
        cell.scope = "col";
        return [cell];
      }),
    );
    this.#figures.replaceChildren(...figureRows(judgement, lstm?.[this.#role], this.#summary?.baseline?.[this.#role]));
    this.#shares.hidden = !lstm;
    setText(this.#shares, lstm ? sharesOf(lstm.share) : "");
    const { classes } = judgement;
    this.#classes.replaceChildren(
      ...classes.slice(0, MOST_CLASSES).map(({ label, support, precision, recall, f1 }) =>
        tableRow(short(label), percent(precision, 1), percent(recall, 1), percent(f1, 1), count(support))
      ),
    );
    const left = classes.length - MOST_CLASSES;
    this.#more.textContent = left > 0 ? `and ${counted(left, "more class")}` : "";
    this.#confusion.draw(classes.map(({ label }) => label), judgement);
    this.#mistakes.replaceChildren(...judgement.mistakes.map(mistakeItem));
    if (judgement.mistakes.length === 0) byId("mistakes", HTMLElement).dataset["empty"] = "None: every row is right";
  }
}

/** Each figure of what is served, then of its parts; `lstm` is undefined where that is all that is served. */
function figureRows(
  served: Evaluation,
  lstm: LstmFigures | undefined,
  baseline: Metrics | undefined,
): HTMLTableRowElement[] {
  const row = (name: string, show: (value: number | undefined) => string, key: keyof LstmFigures, ngrams: string) =>
    tableRow(name, show(served[key]), ...lstm ? [show(lstm[key])] : [], ngrams);
  return [
    row("Accuracy", percent, "accuracy", percent(baseline?.accuracy)),
    row("Loss", loss, "loss", loss(baseline?.loss)),
    row("Macro-F1", percent, "macroF1", "–"),
    row("Calibration error", percent, "calibrationError", "–"),
    row("Rows", count, "rows", baseline ? count(served.rows) : "–"),
  ];
}

/** How what is served comes of its parts. */
function sharesOf(share: number): string {
  if (share === 1) return "Served is the LSTM alone: n-grams beside it make it no better";
  if (share === 0) return "Served are the n-grams alone: the LSTM beside them makes them no better";
  return `Served is the mean of both: LSTM ${percent(share, 0)}, n-grams ${percent(1 - share, 0)}`;
}

function mistakeItem({ place, text, label, given, confidence }: Evaluation["mistakes"][number]): HTMLElement {
  const verdict = create("p", "verdict");
  verdict.append(
    "is ",
    short(label, "short is"),
    " · given ",
    short(given, "short given"),
    ` · ${percent(confidence)} sure`,
  );
  return create("li", "", create("p", "place", place), create("p", "text", text), verdict);
}
