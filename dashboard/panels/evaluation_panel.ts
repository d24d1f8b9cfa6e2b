/// <reference lib="dom" />
/** Shows the evaluation of a finished model on its validation and test rows, with the metrics of its two parts. */
import { counted } from "../../lib/base/counted.ts";
import type { Metrics, Summary } from "../../lib/base/events.ts";
import type { Evaluation, Evaluations } from "../../lib/model/evaluation.ts";
import { messageOf, runEvaluation } from "../api.ts";
import { ConfusionTable } from "./confusion_table.ts";
import { byId, create, setText, short, tableRow } from "../page/dom.ts";
import { count, loss, percent } from "../state/format.ts";
import type { RunView } from "../state/state.ts";

const CARDS = ["evaluation-metrics", "evaluation-classes", "confusion", "mistakes"] as const;

type LstmMetrics = NonNullable<NonNullable<Summary["lstm"]>["test"]>;

const METRIC_COLUMNS = [["served", "served"], ["lstm", "LSTM"], ["baseline", "baseline"]] as const;

/** Most classes that are listed. */
const MOST_CLASSES = 200;

export class EvaluationPanel {
  readonly #cards = CARDS.map((id) => byId(id, HTMLElement));
  readonly #choice = byId("evaluated-on", HTMLFieldSetElement);
  readonly #head = byId("metric-head", HTMLTableRowElement);
  readonly #metrics = byId("metric-rows", HTMLTableSectionElement);
  readonly #model = byId("model-text", HTMLElement);
  readonly #classes = byId("class-rows", HTMLTableSectionElement);
  readonly #more = byId("class-more", HTMLElement);
  readonly #mistakes = byId("mistake-rows", HTMLOListElement);
  readonly #confusion = new ConfusionTable();
  #role: keyof Evaluations = "validation";
  #evaluations: Evaluations | undefined;
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
    // A run that was resumed has another evaluation when it ends.
    if (summary?.validation) {
      if (summary !== this.#summary) void this.#load(summary);
      return;
    }
    this.#summary = undefined;
    const isOver = phase === "failed" || phase === "interrupted";
    if (!started) this.#empty("Nothing yet");
    else if (!started.data) this.#empty("This run trains on generated data");
    else {this.#empty(
        isOver ? `The run ${phase === "failed" ? "failed" : "was interrupted"}` : "Available after training",
      );}
  }

  async #load(summary: Summary): Promise<void> {
    this.#summary = summary;
    this.#empty("Loading");
    try {
      const evaluations = await runEvaluation(summary.run);
      if (summary !== this.#summary) return;
      this.#evaluations = evaluations;
      this.#choice.hidden = !evaluations.test;
      if (!evaluations.test) this.#role = "validation";
      this.#show();
    } catch (error) {
      if (summary === this.#summary) this.#empty(messageOf(error));
    }
  }

  #empty(text: string): void {
    this.#choice.hidden = true;
    for (const card of this.#cards) card.dataset["empty"] = text;
  }

  #show(): void {
    const evaluation = this.#evaluations?.[this.#role];
    if (!evaluation) return;
    for (const card of this.#cards) card.dataset["empty"] = "";
    for (const input of this.#choice.querySelectorAll("input")) input.checked = input.value === this.#role;
    const lstm = this.#summary?.lstm;
    this.#head.replaceChildren(
      create("td"),
      ...METRIC_COLUMNS.flatMap(([key, name]) => {
        if (key === "lstm" && !lstm) return [];
        const cell = create("th", "number", name);
        cell.scope = "col";
        return [cell];
      }),
    );
    this.#metrics.replaceChildren(...metricRows(evaluation, lstm?.[this.#role], this.#summary?.baseline?.[this.#role]));
    this.#model.hidden = !lstm;
    setText(this.#model, lstm ? modelText(lstm.share) : "");
    const { classes } = evaluation;
    this.#classes.replaceChildren(
      ...classes.slice(0, MOST_CLASSES).map(({ label, support, precision, recall, f1 }) =>
        tableRow(short(label), percent(precision, 1), percent(recall, 1), percent(f1, 1), count(support))
      ),
    );
    const left = classes.length - MOST_CLASSES;
    this.#more.textContent = left > 0 ? `and ${counted(left, "more class")}` : "";
    this.#confusion.draw(classes.map(({ label }) => label), evaluation);
    this.#mistakes.replaceChildren(...evaluation.mistakes.map(mistakeItem));
    if (evaluation.mistakes.length === 0) byId("mistakes", HTMLElement).dataset["empty"] = "No mistakes";
  }
}

/** Returns a row per metric: the served model's, then those of its parts. `lstm` is undefined if the LSTM itself is served. */
function metricRows(
  served: Evaluation,
  lstm: LstmMetrics | undefined,
  baseline: Metrics | undefined,
): HTMLTableRowElement[] {
  const row = (
    name: string,
    show: (value: number | undefined) => string,
    key: Exclude<keyof LstmMetrics, "confused">,
    baselineText: string,
  ) => tableRow(name, show(served[key]), ...lstm ? [show(lstm[key])] : [], baselineText);
  return [
    row("Accuracy", percent, "accuracy", percent(baseline?.accuracy)),
    row("Loss", loss, "loss", loss(baseline?.loss)),
    row("Macro-F1", percent, "macroF1", "–"),
    row("Calibration error", percent, "calibrationError", "–"),
    row("Rows", count, "rows", baseline ? count(served.rows) : "–"),
  ];
}

/** Describes how the served model combines its parts. */
function modelText(share: number): string {
  if (share === 1) return "Model: only the LSTM, which n-grams do not improve";
  if (share === 0) return "Model: only the n-grams, which the LSTM does not improve";
  return `Model: LSTM and n-grams combined, ${percent(share, 0)} LSTM and ${percent(1 - share, 0)} n-grams`;
}

function mistakeItem({ place, text, label, given, confidence }: Evaluation["mistakes"][number]): HTMLElement {
  const verdict = create("p", "verdict");
  verdict.append(
    short(label, "short actual"),
    " predicted as ",
    short(given, "short predicted"),
    ` (${percent(confidence)})`,
  );
  return create("li", "", create("p", "place", place), create("p", "text", text), verdict);
}
