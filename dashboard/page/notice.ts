/// <reference lib="dom" />
/** A line above the rest for what happened to this page, and not to the run, until somebody puts it away. */
import { byId, setText } from "./dom.ts";

export class Notice {
  readonly #text = byId("notice-text", HTMLElement);

  constructor() {
    byId("notice-away", HTMLButtonElement).addEventListener("click", () => setText(this.#text, ""));
  }

  show(text: string): void {
    setText(this.#text, text);
  }
}
