/// <reference lib="dom" />
/** Shows the evaluation of a finished run: the served model, what it confuses, its parts, and commands that follow. */
import { counted } from "../../lib/base/counted.ts";
import type { RowMetrics, Summary } from "../../lib/base/events.ts";
import { modelText, nextCommands, worstFirst } from "../../lib/cli/outcome.ts";
import type { Evaluation, Evaluations } from "../../lib/model/evaluation.ts";
import { messageOf, runEvaluation } from "../api.ts";
import { confusedPairs, ConfusionTable } from "./confusion_table.ts";
import { copyButton } from "../page/copy.ts";
import { byId, create, setText, short, tableRow } from "../page/dom.ts";
import { count, loss, percent } from "../state/format.ts";
import { isStopped, type RunView } from "../state/state.ts";

/** Hidden before there is an evaluation, except the first one. */
const CARDS = ["evaluation-metrics", "evaluation-parts", "evaluation-classes", "confusion", "mistakes"] as const;

/** Most classes that are listed, and most pairs beside the metrics. */
const MOST_CLASSES = 200;
const MOST_PAIRS = 3;

export class EvaluationPanel {
  readonly #view = byId("view-evaluation", HTMLElement);
  readonly #cards = CARDS.map((id) => byId(id, HTMLElement));
  readonly #choice = byId("evaluated-on", HTMLFieldSetElement);
  readonly #rows = byId("evaluated-rows", HTMLElement);
  readonly #outcome = byId("outcome", HTMLDListElement);
  readonly #pairs = byId("confused", HTMLOListElement);
  readonly #model = byId("model-text", HTMLElement);
  readonly #parts = byId("part-rows", HTMLTableSectionElement);
  readonly #next = byId("next", HTMLUListElement);
  readonly #copied = byId("command-copied", HTMLElement);
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
    setText(this.#rows, "");
    this.#choice.hidden = true;
    this.#view.dataset["evaluated"] = "false";
    for (const card of this.#cards) card.dataset["empty"] = text;
  }

  #show(): void {
    const evaluation = this.#evaluations?.[this.#role];
    if (!evaluation || !this.#summary) return;
    this.#view.dataset["evaluated"] = "true";
    for (const card of this.#cards) card.dataset["empty"] = "";
    for (const input of this.#choice.querySelectorAll("input")) input.checked = input.value === this.#role;
    const { classes } = evaluation;
    const labels = classes.map(({ label }) => label);
    setText(this.#rows, `on ${counted(evaluation.rows, `${this.#role} row`)}`);
    this.#outcome.replaceChildren(
      ...outcomeOf(evaluation).map(([name, value]) =>
        create("div", "", create("dt", "", name), create("dd", "", value))
      ),
    );
    const pairs = confusedPairs(labels, evaluation, MOST_PAIRS);
    this.#pairs.replaceChildren(...pairs.length > 0 ? pairs : [create("li", "", "None")]);
    this.#showParts(evaluation, this.#summary);
    this.#next.replaceChildren(
      ...nextCommands(this.#summary.run, { isFinal: !isStopped(this.#summary), isServed: true })
        .map((command) => create("li", "", create("code", "", command), copyButton(command, this.#copied))),
    );
    this.#classes.replaceChildren(
      ...worstFirst(classes).slice(0, MOST_CLASSES).map(({ label, support, precision, recall, f1 }) => {
        const shares = [precision, recall, f1].map((share) => percent(support > 0 ? share : undefined, 1));
        return tableRow(short(label), ...shares, count(support));
      }),
    );
    const left = classes.length - MOST_CLASSES;
    this.#more.textContent = `lowest F1 first${left > 0 ? `, and ${counted(left, "more class")}` : ""}`;
    this.#confusion.draw(labels, evaluation);
    this.#mistakes.replaceChildren(...evaluation.mistakes.map(mistakeItem));
    if (evaluation.mistakes.length === 0) byId("mistakes", HTMLElement).dataset["empty"] = "No mistakes";
  }

  /** Shows the metrics of LSTM and n-grams by themselves. The LSTM is what is served if nothing is combined with it. */
  #showParts(served: Evaluation, { lstm, baseline }: Summary): void {
    const rounded = (share: number) => percent(share, 0);
    setText(
      this.#model,
      `The served model is ${lstm ? modelText(lstm.share, baseline?.refitRows, rounded) : "only the LSTM"}`,
    );
    const ofLstm = lstm ? lstm[this.#role] : served;
    const ofNgrams = baseline?.[this.#role];
    this.#parts.replaceChildren(
      tableRow("LSTM", ...partMetrics(ofLstm)),
      ...ofNgrams ? [tableRow("n-grams (baseline)", ...partMetrics(ofNgrams))] : [],
    );
  }
}

/** Returns the metrics of the served model, the most important first. */
function outcomeOf(
  { accuracy, macroF1, loss: mean, calibrationError, answered }: Evaluation,
): [string, string][] {
  return [
    ["Accuracy", percent(accuracy)],
    ["Macro-F1", percent(macroF1)],
    ["Loss", loss(mean)],
    ["Calibration error", percent(calibrationError)],
    ...answered
      ? [
        [`Answered at ${percent(answered.threshold)} or more`, percent(answered.share)],
        ["Accuracy of these", percent(answered.accuracy)],
      ] as [string, string][]
      : [],
  ];
}

/** Returns the cells of a part; the baseline has only accuracy and loss. */
function partMetrics(part: Partial<RowMetrics> | undefined): string[] {
  return [percent(part?.accuracy), percent(part?.macroF1), loss(part?.loss)];
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
