/** Colours the tokens of texts by what they add to the answer, and asks for that. */
import { type Signal, signal } from "@preact/signals";
import { html as markup } from "htm/preact";
import { type ComponentChildren, createContext, h } from "preact";
import { MOST_EXPLAINED } from "../../lib/predict/types.ts";
import type { Reasons } from "../../lib/standalone/answer_types.ts";
import { predict } from "../api.ts";

/** Tokens with less of the greatest weight, in percent, are not underlined. */
const VISIBLE = 5;

interface ReasonsProps {
  /** Undefined for a question of tokens, which are shown by their names. */
  readonly text: string | undefined;
  readonly reasons: Reasons;
}

/** The text, or the tokens, each with a shade. */
export function Coloured({ text, reasons: { tokens } }: ReasonsProps): ComponentChildren {
  const most = tokens.reduce((sum, { weight }) => Math.max(sum, Math.abs(weight)), Number.MIN_VALUE);
  const parts: ComponentChildren[] = [];
  let at = 0;
  tokens.forEach(({ token, weight, start, end }, index) => {
    if (text !== undefined && (start === undefined || end === undefined)) return;
    const share = Math.round(100 * Math.abs(weight) / most);
    const look = weight < 0 && share >= VISIBLE ? "against" : "";
    parts.push(
      text === undefined ? " " : text.slice(at, start),
      markup`<span key=${index} class="reason ${look}" title=${signed(weight)} style="--share: ${share}">${
        text?.slice(start, end) ?? token
      }</span>`,
    );
    at = end ?? at;
  });
  return [...parts, text?.slice(at)];
}

/** The same, and what is compared. */
export function ReasonsView(props: ReasonsProps): ComponentChildren {
  const { label, against, logOdds } = props.reasons;
  const compared = against === null ? "" : ` rather than ${against}`;
  const says = `${label}${compared}: log-odds ${signed(logOdds)}. Underlined words speak against it.`;
  return markup`<p id="reasons" class="prose">${h(Coloured, props)}</p><p class="hint">${says}</p>`;
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}

/** Asks why the model gives texts their label: only those on screen, a few at a time. */
export class Explainer {
  readonly #known = new Map<string, Signal<Reasons | undefined>>();
  readonly #wanted = new Set<string>();
  readonly #path: string;
  #isAsking = false;

  /** Asks at `path`. */
  constructor(path = "predict") {
    this.#path = path;
  }

  /** Returns the reasons for the model's answer to `text`; undefined until they are known. */
  of(text: string): Signal<Reasons | undefined> {
    const known = this.#known.get(text) ?? signal(undefined);
    this.#known.set(text, known);
    return known;
  }

  /** Says that `text` is on screen, or is not any more. Asks for all that are, unless it does already. */
  async show(text: string, isVisible: boolean): Promise<void> {
    if (!isVisible) this.#wanted.delete(text);
    else if (!this.of(text).peek()) this.#wanted.add(text);
    if (this.#isAsking) return;
    this.#isAsking = true;
    while (this.#wanted.size > 0) {
      const texts = [...this.#wanted].slice(0, MOST_EXPLAINED);
      texts.forEach((one) => this.#wanted.delete(one));
      const questions = texts.map((text) => ({ text }));
      const { predictions } = await predict(questions, true, this.#path).catch(() => ({ predictions: [] }));
      texts.forEach((one, at) => this.of(one).value = predictions[at]?.reasons);
      // A server that is busy, or gone, is asked again when another text is on screen.
      if (predictions.length === 0) this.#wanted.clear();
    }
    this.#isAsking = false;
  }
}

/** The explainer of the evaluated model; undefined where the server cannot explain its answers to these texts. */
export const Explained = createContext<Explainer | undefined>(undefined);
