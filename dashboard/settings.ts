/// <reference lib="dom" />
/** The run's config, folded away. */
import { byId, create } from "./dom.ts";
import { count, plain } from "./format.ts";
import type { RunView } from "./state.ts";

export class Settings {
  readonly #list = byId("settings", HTMLDListElement);
  #drawn: RunView["started"];

  draw({ started }: RunView): void {
    if (started === this.#drawn) return;
    this.#drawn = started;
    const rows = started ? [...Object.entries(started.config), ["parameters", count(started.parameters)]] : [];
    this.#list.replaceChildren(
      ...rows.map(([name, value]) => create("div", "", create("dt", "", String(name)), create("dd", "", plain(value)))),
    );
  }
}
