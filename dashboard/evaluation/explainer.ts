/** Asks why the model gives mistakes their wrong label: only those on screen, a few at a time. */
import { type Signal, signal } from "@preact/signals";
import { createContext } from "preact";
import { MOST_EXPLAINED } from "../../lib/predict/types.ts";
import type { Reasons } from "../../lib/standalone/answer_types.ts";
import { predict } from "../api.ts";

export class Explainer {
  readonly #known = new Map<string, Signal<Reasons | undefined>>();
  readonly #wanted = new Set<string>();
  #isAsking = false;

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
      const { predictions } = await predict(texts.map((text) => ({ text })), true).catch(() => ({ predictions: [] }));
      texts.forEach((one, at) => this.of(one).value = predictions[at]?.reasons);
      // A server that is busy, or gone, is asked again when another text is on screen.
      if (predictions.length === 0) this.#wanted.clear();
    }
    this.#isAsking = false;
  }
}

/** The explainer of the evaluated model; undefined where the server cannot explain its answers to these texts. */
export const Explained = createContext<Explainer | undefined>(undefined);
