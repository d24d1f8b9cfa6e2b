/// <reference lib="dom" />
/** All runs of the server: one is chosen to be looked at, up to five are compared. */
import type { RunDetail } from "../lib/run/types.ts";
import { linkTo } from "./address.ts";
import { messageOf, runList } from "./api.ts";
import type { Axis } from "./chart.ts";
import { Compare } from "./compare.ts";
import { byId, create, setText, tableRow } from "./dom.ts";
import { count, duration, loss, moment, percent, plain } from "./format.ts";
import { isFull, MOST_RUNS, NO_RUNS, type Selection, toggle } from "./selection.ts";
import type { RunView } from "./state.ts";

/** Between two looks at the list while it is seen. */
const REFRESH_MS = 5000;

/** Rows at first, and with each press of the button. */
const PAGE = 25;

export class RunsPanel {
  readonly #card = byId("run-list", HTMLElement);
  readonly #rows = byId("run-rows", HTMLTableSectionElement);
  readonly #filter = byId("run-filter", HTMLInputElement);
  readonly #more = byId("run-more", HTMLButtonElement);
  readonly #said = byId("picked", HTMLElement);
  readonly #compare = new Compare();
  readonly #changed: () => void;
  #runs: readonly RunDetail[] = [];
  #current = "";
  #selection: Selection = NO_RUNS;
  /** Whether somebody picked; until then the run that is looked at is. */
  #picked = false;
  #limit = PAGE;
  #asked = -Infinity;
  #drawn = "";

  /** `changed` is told when there is something new to draw. */
  constructor(changed: () => void) {
    this.#changed = changed;
    this.#filter.addEventListener("input", changed);
    this.#more.addEventListener("click", () => {
      this.#limit += PAGE;
      changed();
    });
  }

  draw(view: RunView, axis: Axis): void {
    if (performance.now() - this.#asked >= REFRESH_MS) void this.#load();
    if (!this.#picked) this.#selection = view.run === "" ? NO_RUNS : NO_RUNS.with(0, view.run);
    this.#compare.draw(this.#selection, this.#runs, view, axis);
    this.#table(view.run);
  }

  redraw(): void {
    this.#compare.redraw();
  }

  async #load(): Promise<void> {
    this.#asked = performance.now();
    try {
      const { runs, current } = await runList();
      this.#runs = runs;
      this.#current = current;
      this.#card.dataset["empty"] = runs.length === 0 ? "No runs yet" : "";
    } catch (error) {
      if (this.#runs.length === 0) this.#card.dataset["empty"] = messageOf(error);
    }
    this.#changed();
  }

  #table(shown: string): void {
    const wanted = this.#filter.value.trim().toLowerCase();
    const found = this.#runs.filter((run) => wordsOf(run).includes(wanted));
    const state = JSON.stringify([
      found.map(({ id, events, state }) => [id, events, state]),
      this.#selection,
      this.#limit,
      shown,
    ]);
    if (state === this.#drawn) return;
    this.#drawn = state;
    // Who goes through the list by keyboard stays where he is.
    const focused = document.activeElement?.id ?? "";
    this.#rows.replaceChildren(...found.slice(0, this.#limit).map((run) => this.#row(run, shown)));
    if (focused.startsWith("run-of-") || focused.startsWith("pick-")) document.getElementById(focused)?.focus();
    if (found.length === 0 && this.#runs.length > 0) {
      const cell = create("td", "hint", "No run is like that");
      cell.colSpan = 9;
      this.#rows.append(create("tr", "", cell));
    }
    this.#more.hidden = found.length <= this.#limit;
    setText(this.#more, `Show more of ${count(found.length)}`);
    const picked = this.#selection.filter((id) => id !== undefined).length;
    setText(this.#said, `${picked} of at most ${MOST_RUNS} compared`);
  }

  #row(run: RunDetail, shown: string): HTMLTableRowElement {
    const { id, state, startedAt, summary } = run;
    const slot = this.#selection.indexOf(id);
    const pick = create("input");
    pick.type = "checkbox";
    pick.id = `pick-${id}`;
    pick.checked = slot >= 0;
    pick.disabled = slot < 0 && isFull(this.#selection);
    pick.setAttribute("aria-label", `Compare ${id}`);
    pick.addEventListener("change", () => {
      this.#picked = true;
      this.#selection = toggle(this.#selection, id);
      this.#changed();
    });
    const link = create("a", "run-link", id);
    link.id = `run-of-${id}`;
    link.href = linkTo({ view: "training", run: id });
    if (id === shown) link.setAttribute("aria-current", "true");
    const badge = create("span", "state", id === this.#current ? `${state} · here` : state);
    badge.dataset["state"] = state;
    const row = tableRow(
      link,
      loss(summary?.heldOut?.loss),
      percent(summary?.heldOut?.accuracy),
      percent(summary?.test?.accuracy),
      count(summary?.epochs),
      duration(summary?.seconds),
    );
    row.prepend(create("td", `pick slot-${slot}`, pick));
    row.children[1]?.after(
      create("td", "", badge),
      create("td", "when", moment(startedAt)),
      create("td", "what", aboutOf(run)),
    );
    if (id === shown) row.className = "shown";
    return row;
  }
}

/** What was trained on, in few words. */
function aboutOf({ config }: RunDetail): string {
  const data = config["data"];
  if (Array.isArray(data) && data.length > 0) return data.map((name) => plain(name).replace(/^.*[\\/]/, "")).join(", ");
  return plain(config["task"] ?? "–");
}

/** What a filter is looked for in. */
function wordsOf(run: RunDetail): string {
  return `${run.id} ${run.state} ${aboutOf(run)}`.toLowerCase();
}
