/// <reference lib="dom" />
/** The runs of the server, a page at a time: one is chosen to be looked at, up to five are compared, old ones removed. */
import type { RunDetail } from "../../lib/run/types.ts";
import { messageOf, removeRun, type RunList, runList } from "../api.ts";
import { isMeant } from "../page/ask.ts";
import type { Axis } from "../charts/chart.ts";
import { Compare } from "../charts/compare.ts";
import { byId, create, setText } from "../page/dom.ts";
import { count } from "../state/format.ts";
import { NewRun } from "./new_run.ts";
import { COLUMNS, runRows } from "./run_row.ts";
import { isFull, MOST_RUNS, NO_RUNS, type Selection, toggle } from "../state/selection.ts";
import type { RunView } from "../state/state.ts";

/** Between two looks at the list while it is seen. */
const REFRESH_MS = 5000;

/** Runs of a page. */
const PAGE = 25;

/** Runs that this server is at work on; it removes none of them. */
const BUSY: readonly string[] = ["running", "paused", "stopping"];

export class RunsPanel {
  readonly #card = byId("run-list", HTMLElement);
  readonly #rows = byId("run-rows", HTMLTableSectionElement);
  readonly #scroll = byId("run-scroll", HTMLElement);
  readonly #state = byId("run-state", HTMLSelectElement);
  readonly #filter = byId("run-filter", HTMLInputElement);
  readonly #newer = byId("run-newer", HTMLButtonElement);
  readonly #older = byId("run-older", HTMLButtonElement);
  readonly #place = byId("run-place", HTMLElement);
  readonly #pages = byId("run-pages", HTMLElement);
  readonly #picks = byId("picked", HTMLElement);
  readonly #said = byId("run-said", HTMLElement);
  readonly #compare = new Compare();
  readonly #newRun = new NewRun(() => this.#turn([]));
  readonly #changed: () => void;
  #list: RunList = { current: "", trains: false, runs: [], next: null };
  /** What is picked, as it was when it was last seen. */
  readonly #known = new Map<string, RunDetail>();
  #selection: Selection = NO_RUNS;
  /** Whether somebody picked; until then the run that is looked at is. */
  #picked = false;
  /** The pages turned so far: the last run of each. */
  #turned: readonly string[] = [];
  #asked = -Infinity;
  #looks = 0;
  #drawn = "";

  /** `changed` is told when there is something new to draw. */
  constructor(changed: () => void) {
    this.#changed = changed;
    for (const input of [this.#filter, this.#state]) input.addEventListener("input", () => this.#turn([]));
    this.#newer.addEventListener("click", () => this.#turn(this.#turned.slice(0, -1)));
    this.#older.addEventListener("click", () => {
      const { next } = this.#list;
      if (next !== null) this.#turn([...this.#turned, next]);
    });
  }

  draw(view: RunView, axis: Axis): void {
    if (performance.now() - this.#asked >= REFRESH_MS) void this.#load();
    if (!this.#picked) this.#selection = view.run === "" ? NO_RUNS : NO_RUNS.with(0, view.run);
    this.#compare.draw(this.#selection, [...this.#known.values()], view, axis);
    this.#newRun.draw(this.#list.trains);
    this.#table(view.run);
  }

  redraw(): void {
    this.#compare.redraw();
  }

  /** Shows the page behind the last of `turned`; the first one without any. */
  #turn(turned: readonly string[]): void {
    this.#turned = turned;
    void this.#load();
  }

  async #load(): Promise<void> {
    const look = ++this.#looks;
    this.#asked = performance.now();
    const query = {
      state: this.#state.value,
      text: this.#filter.value.trim(),
      after: this.#turned.at(-1),
      limit: PAGE,
    };
    try {
      const list = await runList(query);
      // An answer to an older question is late.
      if (look !== this.#looks) return;
      this.#list = list;
      const isFiltered = query.state !== "" || query.text !== "" || query.after !== undefined;
      this.#card.dataset["empty"] = list.runs.length === 0 && !isFiltered ? "No runs yet" : "";
    } catch (error) {
      if (look !== this.#looks) return;
      if (this.#list.runs.length === 0) this.#card.dataset["empty"] = messageOf(error);
    }
    this.#changed();
  }

  #table(shown: string): void {
    const { runs, current, trains, next } = this.#list;
    for (const run of runs) if (this.#selection.includes(run.id)) this.#known.set(run.id, run);
    const state = JSON.stringify([
      runs.map(({ id, events, state, place }) => [id, events, state, place]),
      [current, trains, next, this.#turned],
      this.#selection,
      shown,
    ]);
    if (state === this.#drawn) return;
    this.#drawn = state;
    // Who goes through the list by keyboard stays where he is.
    const focused = this.#rows.contains(document.activeElement) ? document.activeElement?.id : undefined;
    this.#rows.replaceChildren(...runs.flatMap((run) => this.#rowsOf(run, shown)));
    if (focused) (document.getElementById(focused) ?? this.#scroll).focus();
    if (runs.length === 0) {
      const cell = create("td", "hint", "No run is like that");
      cell.colSpan = COLUMNS;
      this.#rows.append(create("tr", "", cell));
    }
    this.#pages.hidden = this.#turned.length === 0 && next === null;
    // Not disabled: who has just pressed one would lose his place.
    this.#newer.ariaDisabled = String(this.#turned.length === 0);
    this.#older.ariaDisabled = String(next === null);
    setText(this.#place, `Page ${count(this.#turned.length + 1)}`);
    const picked = this.#selection.filter((id) => id !== undefined).length;
    setText(this.#picks, `${picked} of at most ${MOST_RUNS} compared`);
  }

  #rowsOf(run: RunDetail, shown: string): HTMLTableRowElement[] {
    const { current, trains } = this.#list;
    return runRows(run, {
      slot: this.#selection.indexOf(run.id),
      isFull: isFull(this.#selection),
      isShown: run.id === shown,
      isCurrent: run.id === current,
      isRemovable: trains && run.id !== current && !BUSY.includes(run.state),
      onPick: () => {
        this.#picked = true;
        this.#selection = toggle(this.#selection, run.id);
        this.#changed();
      },
      onRemove: () => void this.#remove(run),
    });
  }

  async #remove({ id, state }: RunDetail): Promise<void> {
    const isQueued = state === "queued";
    const question = isQueued ? `Take run ${id} out of the queue?` : `Delete run ${id} with all its files?`;
    const isSure = await isMeant(question, isQueued ? "Cancel the run" : "Delete");
    document.getElementById(`remove-${id}`)?.focus();
    if (!isSure) return;
    try {
      await removeRun(id);
      setText(this.#said, `Run ${id} is gone`);
      if (this.#selection.includes(id)) this.#selection = toggle(this.#selection, id);
      this.#known.delete(id);
    } catch (error) {
      setText(this.#said, messageOf(error));
    }
    await this.#load();
  }
}
