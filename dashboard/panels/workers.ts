/// <reference lib="dom" />
/** Shows one row per worker: its speed and its shares of time. */
import type { WorkerShare } from "../../lib/base/events.ts";
import { byId, create, setText } from "../page/dom.ts";
import { count, percent } from "../state/format.ts";
import { meanOf, type RunView } from "../state/state.ts";

const SHARES = [["compute", "computing"], ["average", "averaging"], ["wait", "waiting"]] as const;

class Row {
  readonly element: HTMLTableRowElement;
  readonly #name = create("th");
  readonly #bar = create("div", "bar");
  readonly #parts = SHARES.map(([share]) => create("span", share));
  readonly #rate = create("td", "number");

  constructor() {
    this.#name.scope = "row";
    this.#bar.setAttribute("role", "img");
    this.#bar.append(...this.#parts);
    this.element = create("tr", "", this.#name, create("td", "", this.#bar), this.#rate);
  }

  draw(worker: WorkerShare): void {
    setText(this.#name, String(worker.worker));
    setText(this.#rate, count(worker.sequencesPerSecond));
    for (const [index, [share]] of SHARES.entries()) {
      const part = this.#parts[index];
      if (part) part.style.width = `${100 * worker[share]}%`;
    }
    const other = 1 - SHARES.reduce((sum, [share]) => sum + worker[share], 0);
    const words = SHARES.map(([share, name]) => `${name} ${percent(worker[share], 1)}`).join(", ") +
      (other > 0.0005 ? `, other ${percent(other, 1)}` : "");
    this.#bar.setAttribute("aria-label", words);
    this.#bar.title = words;
  }
}

export class Workers {
  readonly #card = byId("workers", HTMLElement);
  readonly #body = byId("worker-rows", HTMLTableSectionElement);
  readonly #rows: Row[] = [];
  readonly #means = SHARES.map(([share]) => byId(`mean-${share}`, HTMLElement));
  #drawn: readonly WorkerShare[] | undefined;

  draw({ workers }: RunView): void {
    // A change replaces the array.
    if (workers === this.#drawn) return;
    this.#drawn = workers;
    this.#card.dataset["empty"] = workers.length === 0 ? "Waiting for the first round" : "";
    while (this.#rows.length < workers.length) {
      const row = new Row();
      this.#rows.push(row);
      this.#body.append(row.element);
    }
    for (const row of this.#rows.splice(workers.length)) row.element.remove();
    for (const [index, worker] of workers.entries()) this.#rows[index]?.draw(worker);
    for (const [index, [share]] of SHARES.entries()) {
      const mean = meanOf(workers, share);
      const element = this.#means[index];
      if (element) setText(element, percent(mean, mean < 0.1 ? 1 : 0));
    }
  }
}
