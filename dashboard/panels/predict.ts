/// <reference lib="dom" />
/** Shows the box for predictions: it takes a text or tokens and shows the probabilities of the labels. */
import { counted } from "../../lib/base/counted.ts";
import type { ModelInfo } from "../../lib/predict/types.ts";
import { type Answer, messageOf, model, predict } from "../api.ts";
import { probabilityBars } from "../charts/bars.ts";
import { byId, create, setText } from "../page/dom.ts";
import { count, percent, shortDigest } from "../state/format.ts";
import type { RunView } from "../state/state.ts";
import { parseTokens, randomTokens } from "../state/tokens.ts";

/** Most labels that the hint names. */
const NAMED = 6;

export class PredictBox {
  readonly #served = byId("served", HTMLElement);
  readonly #form = byId("predict-form", HTMLFormElement);
  readonly #sample = byId("sample", HTMLTextAreaElement);
  readonly #name = byId("sample-name", HTMLElement);
  readonly #hint = byId("sample-hint", HTMLElement);
  readonly #random = byId("random", HTMLButtonElement);
  readonly #result = byId("result", HTMLElement);
  readonly #invitation = byId("invitation", HTMLElement);
  readonly #label = byId("label", HTMLElement);
  readonly #class = byId("class", HTMLElement);
  readonly #flags = byId("flags", HTMLUListElement);
  readonly #bars = byId("bars", HTMLOListElement);
  readonly #source = byId("source", HTMLElement);
  readonly #error = byId("predict-error", HTMLElement);
  #model: ModelInfo | undefined;
  /** Number of the newest question: late answers to older ones are not shown. */
  #newest = 0;

  constructor() {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#predict();
    });
    this.#random.addEventListener("click", () => void this.#try());
    this.#sample.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
  }

  /** Loads the description of the served model, and fills in a random sequence if the model takes tokens and none was typed. */
  async load(): Promise<void> {
    try {
      const info = await model();
      const old = this.#model;
      this.#model = info;
      const isOther = info.text !== old?.text || info.length !== old.length || info.vocabulary !== old.vocabulary;
      if (isOther) this.#adapt(info);
      if (!info.text && (isOther || this.#sample.value === "")) this.#fill(info);
      setText(this.#hint, hintOf(info));
    } catch (error) {
      setText(this.#hint, messageOf(error));
    }
  }

  /** Names the run that predicts if the page shows another one. */
  draw({ run }: RunView): void {
    const served = this.#model?.run;
    this.#served.hidden = served === undefined || served === run;
    setText(this.#served, `Run ${served ?? ""} answers: this server serves its model`);
  }

  /** Changes the box to the kind of input that the model takes. */
  #adapt({ text }: ModelInfo): void {
    setText(this.#name, text ? "Text" : "Tokens");
    this.#sample.value = "";
    this.#sample.rows = text ? 3 : 1;
    this.#sample.className = text ? "prose" : "";
    this.#sample.inputMode = text ? "text" : "numeric";
    this.#sample.placeholder = text ? "Type or paste a text" : "";
    this.#random.hidden = text;
    const how = text ? "Enter predicts, Shift and Enter start a new line" : "Press Random";
    setText(this.#invitation, `${how}. The newest weights answer with a label and its probability.`);
    this.#result.dataset["shown"] = "nothing";
  }

  /** Predicts a random sequence. */
  async #try(): Promise<void> {
    if (!this.#model) await this.load();
    if (!this.#model) return;
    this.#fill(this.#model);
    await this.#predict();
  }

  #fill({ length, vocabulary }: ModelInfo): void {
    this.#sample.value = randomTokens(length, vocabulary, Math.random).join(" ");
  }

  async #predict(): Promise<void> {
    const question = ++this.#newest;
    const { value } = this.#sample;
    try {
      const answer = await predict(this.#model?.text ? { text: value } : { tokens: parseTokens(value) });
      if (question === this.#newest) this.#show(answer);
    } catch (error) {
      if (question === this.#newest) this.#fail(error);
    }
  }

  #show(answer: Answer): void {
    const { label, round, digest, run } = answer;
    setText(this.#label, label ?? "none of these");
    setText(this.#class, classText(answer));
    this.#flags.replaceChildren(...flagsOf(answer, this.#model?.length ?? 0).map((flag) => create("li", "", flag)));
    this.#bars.replaceChildren(...probabilityBars(answer, this.#model?.labels ?? []));
    setText(this.#source, `round ${count(round)} · ${shortDigest(digest)}`);
    this.#source.title = `Run ${run}, digest ${digest}`;
    setText(this.#error, "");
    this.#result.dataset["shown"] = "answer";
    this.#sample.removeAttribute("aria-invalid");
  }

  #fail(error: unknown): void {
    setText(this.#error, messageOf(error));
    this.#result.dataset["shown"] = "error";
    this.#sample.setAttribute("aria-invalid", "true");
  }
}

function hintOf({ text, length, vocabulary, labels }: ModelInfo): string {
  const answers = labels.length <= NAMED ? labels.join(" or ") : `one of ${counted(labels.length, "label")}`;
  const takes = text
    ? `up to ${counted(length, "token is", "tokens are")} read`
    : `${counted(length, "token")} from 0 to ${count(vocabulary - 1)}`;
  return `${takes} → ${answers}`;
}

/** Returns the class of the answer and its probability, or those of a rejected one and what it needs. */
function classText({ class: best, rejected, probabilities }: Answer): string {
  if (!rejected) return `class ${best} · ${percent(probabilities[best ?? -1])}`;
  const { label, probability, threshold } = rejected;
  return `most probable: ${label} · ${percent(probability)}, less than ${percent(threshold)}`;
}

/** Returns reasons not to trust the answer to a text. */
function flagsOf({ unknownShare = 0, truncated = false }: Answer, length: number): string[] {
  return [
    ...unknownShare > 0 ? [`${percent(unknownShare, 0)} of its tokens are unknown`] : [],
    ...truncated ? [`cut: ${counted(length, "token is", "tokens are")} read`] : [],
  ];
}
