/// <reference lib="dom" />
/** The box to try the model: tokens in, a label and its probability out. */
import type { ModelInfo } from "../lib/predict/types.ts";
import { type Answered, model, predict, Refusal } from "./api.ts";
import { byId, create, setText } from "./dom.ts";
import { count, percent, shortDigest } from "./format.ts";
import { parseTokens, randomTokens } from "./tokens.ts";

/** Bars at most: of many classes the likeliest. */
const BARS = 6;

export class PredictBox {
  readonly #form = byId("predict-form", HTMLFormElement);
  readonly #tokens = byId("tokens", HTMLTextAreaElement);
  readonly #hint = byId("tokens-hint", HTMLElement);
  readonly #random = byId("random", HTMLButtonElement);
  readonly #result = byId("result", HTMLElement);
  readonly #label = byId("label", HTMLElement);
  readonly #class = byId("class", HTMLElement);
  readonly #bars = byId("bars", HTMLOListElement);
  readonly #source = byId("source", HTMLElement);
  readonly #error = byId("predict-error", HTMLElement);
  #model: ModelInfo | undefined;
  /** Number of the newest question: an answer to an older one is late and not shown. */
  #asked = 0;

  constructor() {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#predict();
    });
    this.#random.addEventListener("click", () => void this.#try());
    this.#tokens.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
  }

  /** Asks the server what it serves, and fills in a sequence that fits where none was typed. */
  async load(): Promise<void> {
    try {
      const info = await model();
      const changed = info.length !== this.#model?.length || info.vocabulary !== this.#model.vocabulary;
      this.#model = info;
      const labels = info.labels.length <= BARS ? ` → ${info.labels.join(" or ")}` : "";
      setText(this.#hint, `${count(info.length)} tokens from 0 to ${count(info.vocabulary - 1)}${labels}`);
      if (changed || this.#tokens.value === "") this.#fill(info);
    } catch (error) {
      setText(this.#hint, error instanceof Refusal ? error.message : "The server does not answer");
    }
  }

  /** A random sequence and its prediction. */
  async #try(): Promise<void> {
    if (!this.#model) await this.load();
    if (!this.#model) return;
    this.#fill(this.#model);
    await this.#predict();
  }

  #fill({ length, vocabulary }: ModelInfo): void {
    this.#tokens.value = randomTokens(length, vocabulary, Math.random).join(" ");
  }

  async #predict(): Promise<void> {
    const question = ++this.#asked;
    try {
      const answer = await predict(parseTokens(this.#tokens.value));
      if (question === this.#asked) this.#show(answer);
    } catch (error) {
      if (question === this.#asked) this.#fail(error);
    }
  }

  #show(answer: Answered): void {
    setText(this.#label, answer.label);
    setText(this.#class, `class ${answer.class} · ${percent(answer.probabilities[answer.class])}`);
    const classes = answer.probabilities.map((probability, index) => ({ probability, index }));
    const shown = classes.length <= BARS
      ? classes
      : classes.sort((a, b) => b.probability - a.probability).slice(0, BARS);
    this.#bars.replaceChildren(...shown.map(({ probability, index }) => this.#bar(index, probability, answer)));
    setText(this.#source, `round ${count(answer.round)} · ${shortDigest(answer.digest)}`);
    this.#source.title = `Run ${answer.run}, digest ${answer.digest}`;
    setText(this.#error, "");
    this.#result.dataset["shown"] = "answer";
    this.#tokens.removeAttribute("aria-invalid");
  }

  #bar(index: number, probability: number, answer: Answered): HTMLElement {
    const fill = create("span", "fill");
    fill.style.width = `${100 * probability}%`;
    const name = index === answer.class ? answer.label : this.#model?.labels[index] ?? `class ${index}`;
    const track = create("span", "track", fill);
    track.setAttribute("aria-hidden", "true");
    const row = create("li", index === answer.class ? "chosen" : "");
    row.append(create("span", "name", name), track, create("span", "number", percent(probability)));
    return row;
  }

  #fail(error: unknown): void {
    setText(this.#error, error instanceof Refusal ? error.message : "The server does not answer");
    this.#result.dataset["shown"] = "error";
    this.#tokens.setAttribute("aria-invalid", "true");
  }
}
