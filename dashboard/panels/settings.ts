/// <reference lib="dom" />
/** Shows the run's config in a collapsed section. */
import { byId, create } from "../page/dom.ts";
import { count, plain } from "../state/format.ts";
import { type RunView, settings } from "../state/state.ts";

export class Settings {
  readonly #list = byId("settings", HTMLDListElement);
  #drawn = "";

  draw(view: RunView): void {
    const { started } = view;
    const rows = started ? [...Object.entries(settings(view)), ["parameters", count(started.parameters)]] : [];
    const state = JSON.stringify(rows);
    if (state === this.#drawn) return;
    this.#drawn = state;
    this.#list.replaceChildren(
      ...rows.map(([name, value]) => create("div", "", create("dt", "", String(name)), create("dd", "", plain(value)))),
    );
  }
}
