/// <reference lib="dom" />
/** What happened besides training: starts, checkpoints, the end. Newest first. */
import { byId, create } from "./dom.ts";
import { duration } from "./format.ts";
import type { Note, RunView } from "./state.ts";

export class Timeline {
  readonly #card = byId("timeline", HTMLElement);
  readonly #list = byId("notes", HTMLOListElement);
  #drawn: readonly Note[] | undefined;

  draw({ notes }: RunView): void {
    if (notes === this.#drawn) return;
    this.#drawn = notes;
    this.#card.dataset["empty"] = notes.length === 0 ? "Nothing yet" : "";
    this.#list.replaceChildren(
      ...notes.map(({ kind, seconds, text }) =>
        create("li", kind, create("span", "when", duration(seconds)), create("span", "what", text))
      ),
    );
  }
}
