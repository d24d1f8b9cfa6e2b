/// <reference lib="dom" />
/** Shows a message about the page itself, above the views, until the user dismisses it. */
import { byId, setText } from "./dom.ts";

export class Notice {
  readonly #text = byId("notice-text", HTMLElement);

  constructor() {
    byId("notice-dismiss", HTMLButtonElement).addEventListener("click", () => setText(this.#text, ""));
  }

  show(text: string): void {
    setText(this.#text, text);
  }
}
