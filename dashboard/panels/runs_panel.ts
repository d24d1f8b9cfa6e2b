/// <reference lib="dom" />
/** Lists the runs of the server, a page at a time: the user shows one, compares up to five, and removes old ones. */
import type { RunDetail } from "../../lib/run/types.ts";
import { messageOf, removeRun, type RunList, runList } from "../api.ts";
import { isConfirmed } from "../page/ask.ts";
import type { Axis } from "../charts/chart.ts";
import { Compare } from "../charts/compare.ts";
import { byId, create, setText } from "../page/dom.ts";
import { count } from "../state/format.ts";
import { NewRun } from "./new_run.ts";
import { COLUMNS, runRows } from "./run_row.ts";
import { isFull, MOST_RUNS, NO_RUNS, type Selection, toggle } from "../state/selection.ts";
import type { RunView } from "../state/state.ts";

/** Time between two requests for the list while it is shown. */
const REFRESH_MS = 5000;

/** Number of runs per page. */
const PAGE = 25;

/** States of runs that the server does not remove. */
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
  readonly #status = byId("run-status", HTMLElement);
  readonly #compare = new Compare();
  readonly #newRun = new NewRun(() => this.#turn([]));
  readonly #changed: () => void;
  #list: RunList = { current: "", trains: false, runs: [], next: null };
  /** The selected runs as the list last had them: another page may be shown now. */
  readonly #known = new Map<string, RunDetail>();
  #selection: Selection = NO_RUNS;
  /** False until the user selects a run: until then the shown run is selected. */
  #picked = false;
  /** The last run of each page before the shown one. */
  #turned: readonly string[] = [];
  #requestedAt = -Infinity;
  #requests = 0;
  #drawn = "";

  /** Calls `changed` when the panel has something new to draw. */
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
    if (performance.now() - this.#requestedAt >= REFRESH_MS) void this.#load();
    if (!this.#picked) this.#selection = view.run === "" ? NO_RUNS : NO_RUNS.with(0, view.run);
    this.#compare.draw(this.#selection, [...this.#known.values()], view, axis);
    this.#newRun.draw(this.#list.trains);
    this.#table(view.run);
  }

  redraw(): void {
    this.#compare.redraw();
  }

  /** Shows the page after the last run of `turned`, or the first page if it is empty. */
  #turn(turned: readonly string[]): void {
    this.#turned = turned;
    void this.#load();
  }

  async #load(): Promise<void> {
    const request = ++this.#requests;
    this.#requestedAt = performance.now();
    const query = {
      state: this.#state.value,
      text: this.#filter.value.trim(),
      after: this.#turned.at(-1),
      limit: PAGE,
    };
    try {
      const list = await runList(query);
      // A late answer to an older request is ignored.
      if (request !== this.#requests) return;
      this.#list = list;
      const isFiltered = query.state !== "" || query.text !== "" || query.after !== undefined;
      this.#card.dataset["empty"] = list.runs.length === 0 && !isFiltered ? "No runs yet" : "";
    } catch (error) {
      if (request !== this.#requests) return;
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
    // Keeps the focus for users of the keyboard.
    const focused = this.#rows.contains(document.activeElement) ? document.activeElement?.id : undefined;
    this.#rows.replaceChildren(...runs.flatMap((run) => this.#rowsOf(run, shown)));
    if (focused) (document.getElementById(focused) ?? this.#scroll).focus();
    if (runs.length === 0) {
      const cell = create("td", "hint", "No run matches");
      cell.colSpan = COLUMNS;
      this.#rows.append(create("tr", "", cell));
    }
    this.#pages.hidden = this.#turned.length === 0 && next === null;
    // `disabled` would take the focus from a button that was just pressed.
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
    const question = isQueued ? `Remove run ${id} from the queue?` : `Delete run ${id} with all its files?`;
    const isSure = await isConfirmed(question, isQueued ? "Cancel the run" : "Delete");
    document.getElementById(`remove-${id}`)?.focus();
    if (!isSure) return;
    try {
      await removeRun(id);
      setText(this.#status, isQueued ? `Run ${id} was cancelled` : `Run ${id} was deleted`);
      if (this.#selection.includes(id)) this.#selection = toggle(this.#selection, id);
      this.#known.delete(id);
    } catch (error) {
      setText(this.#status, messageOf(error));
    }
    await this.#load();
  }
}
