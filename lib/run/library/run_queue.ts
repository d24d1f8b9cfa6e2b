/** Queues the runs that wait for their turn: one is trained at a time. The queue is lost when the process ends. */
import { remember } from "../../base/remember.ts";
import { join, sep } from "node:path";
import { type Config, trainingConfig } from "../../config/schema.ts";
import { InputError } from "../../base/errors.ts";
import type { Notes } from "../../config/notes_shape.ts";
import { newId } from "../files/directory.ts";
import { filled } from "../files/notes_file.ts";
import { type RequestedRun, requestedRun } from "./run_request.ts";
import { ShownPaths } from "./shown_paths.ts";
import type { RunDetail } from "../types.ts";

export interface QueuedRun extends RequestedRun {
  readonly id: string;
  detail: RunDetail;
  /** The search that comes before the run, until it ends. */
  current?: RunningSearch;
}

/** A search, as the queue shows and ends it. */
export interface RunningSearch {
  readonly state: () => NonNullable<RunDetail["search"]>;
  readonly end: () => void;
}

/** Limits the waiting runs, and the failed runs whose error stays in memory. */
export const MOST_QUEUED = 100;

/** Returns the notes of a run, with empty values for those that it has not. */
function notesIn({ name = "", note = "", tags = [] }: Notes): Pick<Config, "name" | "note" | "tags"> {
  return { name, note, tags: [...tags] };
}

export class RunQueue {
  readonly #config: Config;
  #waiting: QueuedRun[] = [];
  /** The run whose data are being read. */
  #starting: QueuedRun | undefined;
  readonly #refused = new Map<string, RunDetail>();
  #arrived = Promise.withResolvers<void>();
  /** The time of the newest id, in milliseconds since 1970. */
  #newest = 0;

  /** `config` is the one that the process was started with. */
  constructor(config: Config) {
    this.#config = config;
  }

  /**
   * Puts the run of the request `values` at the end. Returns it with its place, 1 for the next, or undefined if the queue is
   * full. Throws an InputError if the request is invalid.
   */
  async add(values: Readonly<Record<string, unknown>>): Promise<RunDetail | undefined> {
    const requested = await requestedRun(values, this.#config);
    const { resolve } = requested;
    if (this.#waiting.length >= MOST_QUEUED) return undefined;
    // Ids sort by the second. Each run gets a second of its own, so that ids sort in the order of the requests.
    const now = new Date(Math.max(Date.now(), this.#newest + 1000));
    this.#newest = now.getTime();
    const id = newId(now);
    const given = resolve();
    const training = trainingConfig(given);
    const config = this.#shown(training).config(training);
    const common = { id, startedAt: now.toISOString(), events: 0, config, summary: null };
    const queued: QueuedRun = {
      ...requested,
      id,
      // Its notes may be edited while it waits.
      resolve: (defaults) => ({ ...resolve(defaults), ...notesIn(queued.detail) }),
      detail: { ...common, state: "queued", ...filled(given) },
    };
    this.#waiting.push(queued);
    this.#arrived.resolve();
    return this.get(id);
  }

  /** The folder of the files that requests may name, or "" if they may name none. */
  get dataDir(): string {
    return this.#config.dataDir;
  }

  /** The id of a run that no longer waits and has no directory yet. */
  get starting(): string | undefined {
    return this.#starting?.id;
  }

  /** Notes that a run began at `startedAt`: runs that are requested from now on get later ids. */
  began(startedAt: string): void {
    this.#newest = Math.max(this.#newest, Date.parse(startedAt));
    this.#starting = undefined;
  }

  /** Lists all runs, newest first. */
  list(): RunDetail[] {
    const ids = [
      ...this.#refused.keys(),
      ...this.#starting ? [this.#starting.id] : [],
      ...this.#waiting.map(({ id }) => id),
    ];
    return ids.reverse().map((id) => this.get(id)!);
  }

  get(id: string): RunDetail | undefined {
    const index = this.#waiting.findIndex((queued) => queued.id === id);
    if (index >= 0) return { ...this.#waiting[index]!.detail, place: index + 1 };
    if (this.#starting?.id !== id) return this.#refused.get(id);
    const { detail, current } = this.#starting;
    return { ...detail, ...current && { search: current.state() } };
  }

  /** Ends the search before run `id`, whose best config is then trained. Returns false if there is none. */
  endSearch(id: string): boolean {
    const current = this.#starting?.id === id ? this.#starting.current : undefined;
    current?.end();
    return current !== undefined;
  }

  /** Changes the notes of run `id`. Returns undefined if the queue does not have it. */
  edit(id: string, edits: Notes): RunDetail | undefined {
    const queued = [...this.#waiting, this.#starting].find((one) => one?.id === id);
    const detail = queued?.detail ?? this.#refused.get(id);
    if (!detail) return undefined;
    const { name: _, note: __, tags: ___, ...rest } = detail;
    const edited = { ...rest, ...filled({ ...detail, ...edits }) };
    if (queued) queued.detail = edited;
    else this.#refused.set(id, edited);
    return this.get(id);
  }

  /** Removes run `id`. Returns false if the queue does not have it. */
  remove(id: string): boolean {
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter((queued) => queued.id !== id);
    return this.#refused.delete(id) || this.#waiting.length < before;
  }

  /** Takes the next run from the queue. `get` and `list` return it until it has begun or was refused. */
  take(): QueuedRun | undefined {
    this.#starting = this.#waiting.shift();
    return this.#starting;
  }

  /** Resolves when the queue has a run to take. */
  async arrival(): Promise<void> {
    while (this.#waiting.length === 0) {
      await this.#arrived.promise;
      this.#arrived = Promise.withResolvers();
    }
  }

  /** Notes that a taken run could not start. */
  refuse({ id, detail }: QueuedRun, error: unknown): void {
    this.#starting = undefined;
    remember(this.#refused, id, { ...detail, state: "failed", error: this.#describe(error) }, MOST_QUEUED);
  }

  /** Describes an error to a client: faults of input without the path of `dataDir`, and no details of other errors. */
  #describe(error: unknown): string {
    if (!(error instanceof InputError)) return "It could not start: the log of the process says why";
    const { dataDir } = this;
    const message = this.#shown({}).text(error.message);
    return dataDir === "" ? message : message.replaceAll(join(dataDir, sep), "");
  }

  #shown(config: Readonly<Record<string, unknown>>): ShownPaths {
    return new ShownPaths(config, { dataDir: this.dataDir, runsDir: this.#config.runsDir });
  }
}
