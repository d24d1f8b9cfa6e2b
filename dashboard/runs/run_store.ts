/// <reference lib="dom" />
/** The list of runs, a page at a time, and the histories of those that are compared. */
import { effect, type ReadonlySignal, signal } from "@preact/signals";
import type { Evaluations } from "../../lib/model/evaluation.ts";
import type { RunDetail } from "../../lib/run/types.ts";
import { messageOf, removeRun, runDetail, runEvaluation, type RunList, runList } from "../api.ts";
import { readHistory } from "../state/history.ts";
import type { RunView } from "../../lib/report/run_view.ts";
import type { Order } from "../../lib/report/run_columns.ts";
import { isConfirmed } from "../ui/confirm.ts";

/** Time between two requests for the list while it is shown. */
const REFRESH_MS = 5000;

/** Number of runs per page. */
const PAGE = 25;

/** Most runs that are sorted: the server sends no more. */
const MOST_SORTED = 1000;

export class RunStore {
  readonly list = signal<RunList>({ current: "", trains: false, runs: [], next: null });
  /** The text in place of the list; "" if it has runs. */
  readonly empty = signal("Loading");
  readonly state = signal("");
  readonly text = signal("");
  /** The last run of each page before the shown one. */
  readonly turned = signal<readonly string[]>([]);
  readonly order = signal<Order | undefined>(undefined);
  /** A config key that has a column; "" for none. */
  readonly key = signal("");
  /** Says what was removed, or why it was not. */
  readonly status = signal("");
  /** Runs as the list last had them: the compared ones may be on another page now. */
  readonly known = signal<ReadonlyMap<string, RunDetail>>(new Map());
  readonly histories = signal<ReadonlyMap<string, RunView>>(new Map());
  /** Evaluations by run; undefined for one that cannot be read. */
  readonly evaluations = signal<ReadonlyMap<string, Evaluations | undefined>>(new Map());
  readonly failed = signal<ReadonlySet<string>>(new Set());
  #requestedAt = -Infinity;
  #requests = 0;
  #reading = false;

  /** Requests the list if it is due. Call it often while the list is visible. */
  refresh(): void {
    if (performance.now() - this.#requestedAt >= REFRESH_MS) void this.load();
  }

  /** Requests the list at each change of the filters or the page. */
  start(isVisible: ReadonlySignal<boolean>): void {
    effect(() => {
      void [this.state.value, this.text.value, this.turned.value, this.order.value];
      if (isVisible.value) void this.load();
    });
  }

  async load(): Promise<void> {
    const request = ++this.#requests;
    this.#requestedAt = performance.now();
    // A sorted list has one page: the first run may be an old one.
    const [after, limit] = this.order.peek() ? [undefined, MOST_SORTED] : [this.turned.peek().at(-1), PAGE];
    const query = { state: this.state.peek(), text: this.text.peek().trim(), after, limit };
    try {
      const list = await runList(query);
      // A late answer to an older request is ignored.
      if (request !== this.#requests) return;
      this.list.value = list;
      this.known.value = new Map([...this.known.peek(), ...list.runs.map((run) => [run.id, run] as const)]);
      const isFiltered = query.state !== "" || query.text !== "" || query.after !== undefined;
      this.empty.value = list.runs.length === 0 && !isFiltered ? "No runs yet" : "";
    } catch (error) {
      if (request === this.#requests && this.list.peek().runs.length === 0) this.empty.value = messageOf(error);
    }
  }

  /** Reads the events of the runs of `wanted` but `shown` that are not known yet, one run after the other. */
  async read(wanted: readonly string[], shown: string): Promise<void> {
    if (this.#reading) return;
    await this.#find(wanted);
    const isMissing = ({ id, events }: RunDetail) =>
      id !== shown && wanted.includes(id) && !this.failed.peek().has(id) &&
      (this.histories.peek().get(id)?.lastId ?? -1) < events;
    const run = this.known.peek().values().find(isMissing);
    if (!run) return;
    this.#reading = true;
    try {
      const history = await readHistory(run, this.histories.peek().get(run.id));
      this.histories.value = new Map([...this.histories.peek(), [run.id, history]]);
    } catch {
      this.failed.value = new Set([...this.failed.peek(), run.id]);
    } finally {
      this.#reading = false;
    }
    await this.read(wanted, shown);
  }

  /** Looks up the runs of `wanted` that are on no page that was shown: an address may name them. */
  async #find(wanted: readonly string[]): Promise<void> {
    const unknown = wanted.filter((id) => !this.known.peek().has(id) && !this.failed.peek().has(id));
    if (unknown.length === 0 || this.#reading) return;
    this.#reading = true;
    for (const id of unknown) {
      try {
        this.known.value = new Map([...this.known.peek(), [id, await runDetail(id)]]);
      } catch {
        this.failed.value = new Set([...this.failed.peek(), id]);
      }
    }
    this.#reading = false;
  }

  /** Reads the evaluations of the finished runs of `wanted` that are not known yet. */
  async readEvaluations(wanted: readonly string[]): Promise<void> {
    for (const id of wanted) {
      if (this.evaluations.peek().has(id) || !this.known.peek().get(id)?.summary?.validation) continue;
      // Known from now on, so that it is requested once.
      this.evaluations.value = new Map([...this.evaluations.peek(), [id, undefined]]);
      const found = await runEvaluation(id).catch(() => undefined);
      this.evaluations.value = new Map([...this.evaluations.peek(), [id, found]]);
    }
  }

  /** Removes a run after a confirmation. Resolves to true if it is gone. */
  async remove({ id, state }: RunDetail): Promise<boolean> {
    const isQueued = state === "queued";
    const question = isQueued ? `Remove run ${id} from the queue?` : `Delete run ${id} with all its files?`;
    if (!await isConfirmed(question, isQueued ? "Cancel the run" : "Delete")) return false;
    try {
      await removeRun(id);
      this.status.value = isQueued ? `Run ${id} was cancelled` : `Run ${id} was deleted`;
      this.known.value = new Map([...this.known.peek()].filter(([known]) => known !== id));
      return true;
    } catch (error) {
      this.status.value = messageOf(error);
      return false;
    } finally {
      await this.load();
    }
  }
}
