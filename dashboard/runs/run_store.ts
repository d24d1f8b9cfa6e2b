/// <reference lib="dom" />
/** The list of runs, a page at a time, and all that is known of those that are compared. */
import { computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import type { Notes } from "../../lib/config/notes_shape.ts";
import type { Evaluations } from "../../lib/model/evaluation.ts";
import type { Order } from "../../lib/report/order.ts";
import type { RunView } from "../../lib/report/run_view.ts";
import type { RunDetail } from "../../lib/run/types.ts";
import type { RunList } from "../../lib/serve/routes/run_routes.ts";
import { messageOf, pathOf, request, runDetail, runList } from "../api.ts";
import { readHistory } from "../connection.ts";
import { isConfirmed } from "../ui/confirm.ts";

/** Seconds between two requests for the list while it is shown. */
const REFRESH = 5;
/** Runs that are listed at first, and with each request for older ones. */
export const PAGE = 25;
/** Most runs that are listed, as for sorting: the server sends no more. */
const MOST_LISTED = 1000;

export interface Compared {
  readonly run?: RunDetail;
  readonly view?: RunView;
  /** Null for a run without a readable one. */
  readonly evaluations?: Evaluations | null;
  readonly isFailed?: boolean;
}

export class RunStore {
  readonly list = signal<RunList>({ current: "", trains: false, runs: [], next: null });
  /** The text in place of the list; "" if it has runs. */
  readonly empty = signal("Loading");
  readonly state = signal("");
  readonly text = signal("");
  /** Most runs in the list. */
  readonly limit = signal(PAGE);
  readonly order = signal<Order | undefined>(undefined);
  /** Names of the columns; undefined until the user chooses some. */
  readonly columns = signal<readonly string[] | undefined>(undefined);
  /** Says what was changed or removed, or why it was not. */
  readonly status = signal("");
  /** Compared runs may be on another page of the list now. */
  readonly compared = signal<ReadonlyMap<string, Compared>>(new Map());
  #requests = 0;
  #reading = false;

  /** Requests the list at each change of the filters, the order or the limit, and now and then; `tick` counts seconds. */
  start(isVisible: ReadonlySignal<boolean>, tick: ReadonlySignal<number>): void {
    const turn = computed(() => Math.floor(tick.value / REFRESH));
    effect(() => {
      void [this.state.value, this.text.value, this.limit.value, this.order.value, turn.value];
      if (isVisible.value) void this.load();
    });
  }

  async load(): Promise<void> {
    const newest = ++this.#requests;
    // The first run of a sorted list may be an old one.
    const limit = this.order.peek() ? MOST_LISTED : Math.min(MOST_LISTED, this.limit.peek());
    const query = { state: this.state.peek(), text: this.text.peek().trim(), limit };
    const list = await runList(query).catch(messageOf);
    // A late answer to an older request is ignored.
    if (newest !== this.#requests) return;
    const isFiltered = query.state !== "" || query.text !== "";
    if (typeof list !== "string") {
      this.list.value = list;
      this.empty.value = list.runs.length === 0 && !isFiltered ? "No runs yet" : "";
    } else if (this.list.peek().runs.length === 0) this.empty.value = list;
  }

  /** Reads what is new of the runs of `wanted`; the events of `shown` are known. Call it often. */
  async compare(wanted: readonly string[], shown: string): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    for (const id of wanted) {
      const before = this.compared.peek().get(id) ?? {};
      const now = before.isFailed
        ? before
        : await this.#read(id, before, id === shown).catch(() => ({ isFailed: true }));
      this.compared.value = new Map([...this.compared.peek(), [id, now]]);
    }
    this.#reading = false;
  }

  async #read(id: string, { run: known, view, evaluations }: Compared, isShown: boolean): Promise<Compared> {
    const run = this.list.peek().runs.find((one) => one.id === id) ?? known ?? await runDetail(id);
    const isEvaluated = run.summary?.validation !== undefined && evaluations === undefined;
    const both = isEvaluated ? await request<Evaluations>(pathOf(id, "judgement")).catch(() => null) : evaluations;
    const events = isShown ? view : await readHistory(run, view);
    return { run, ...events && { view: events }, ...both !== undefined && { evaluations: both } };
  }

  /** Changes the notes of a run. Resolves to the server's words if it refuses them, "" otherwise. */
  async edit(id: string, edits: Notes): Promise<string> {
    const refused = await request(pathOf(id), "PATCH", edits).then(() => "", messageOf);
    if (refused === "") this.status.value = `Run ${id} was changed`;
    await this.load();
    return refused;
  }

  /** Ends the search before run `id`: the best config so far is trained. */
  async endSearch(id: string): Promise<void> {
    const refused = await request(pathOf(id, "stop"), "POST").then(() => "", messageOf);
    this.status.value = refused || `The search of run ${id} ends: its best config is trained`;
    await this.load();
  }

  /** Removes a run after a confirmation. Resolves to true if it is gone. */
  async remove({ id, state }: RunDetail): Promise<boolean> {
    const isQueued = state === "queued";
    const question = isQueued ? `Remove run ${id} from the queue?` : `Delete run ${id} with all its files?`;
    if (!await isConfirmed(question, isQueued ? "Cancel the run" : "Delete")) return false;
    const refused = await request(pathOf(id), "DELETE").then(() => "", messageOf);
    this.status.value = refused || `Run ${id} was ${isQueued ? "cancelled" : "deleted"}`;
    await this.load();
    return refused === "";
  }
}
