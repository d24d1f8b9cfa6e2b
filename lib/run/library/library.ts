/** All runs of a directory, for whoever lists them or reads their events; the one that is training is read live. */
import { remember } from "../../base/remember.ts";
import { dirname, join } from "node:path";
import type { RunEvent } from "../../base/events.ts";
import { StopReason } from "../../lockstep/memory/control.ts";
import { dataStatisticsSchema } from "../../data/statistics.ts";
import { listRuns, RUN_ID } from "../files/directory.ts";
import { removeRun } from "./retention.ts";
import { lastEvent } from "../log/event_log.ts";
import { readFigures } from "../files/metrics_files.ts";
import { isMissing, readJson } from "../files/files.ts";
import { evaluationsSchema } from "../../model/evaluation.ts";
import { history } from "../log/log_history.ts";
import { LogIndex } from "../log/log_index.ts";
import { type Manifest, manifestSchema } from "../files/manifest.ts";
import { agreedSummary, readSummary } from "../log/summary.ts";
import type { TrainingRun } from "../training/training_run.ts";
import type { RunQueue } from "./run_queue.ts";
import { ShownPaths } from "./shown_paths.ts";
import type { Admission, JsonText, Removal, RunAction, RunDetail, RunQuery, RunState } from "../types.ts";

/** Logs of which it is remembered where their events are: 9 bytes for each event. */
const MOST_INDEXES = 8;

const READ_AT_ONCE = 32;

export class RunLibrary {
  #current: string;
  readonly #runsDir: string;
  /** Of a saved run that is served: where it is, whatever the directory is called by now. */
  readonly #saved: { readonly id: string; readonly directory: string } | undefined;
  #live: TrainingRun | undefined;
  /** Of a process that trains one run after the other. */
  readonly #queue: RunQueue | undefined;
  readonly #indexes = new Map<string, LogIndex>();
  /** Events as clients see them: many ask for the same. */
  readonly #shownEvents = new WeakMap<RunEvent, RunEvent>();

  private constructor(directory: string, id: string, live?: TrainingRun, queue?: RunQueue) {
    this.#runsDir = dirname(directory);
    this.#current = id;
    this.#saved = live ? undefined : { id, directory };
    this.#live = live;
    this.#queue = queue;
  }

  /** The runs beside the one that is training, and those that wait for their turn. */
  static live(run: TrainingRun, queue?: RunQueue): RunLibrary {
    return new RunLibrary(run.directory, run.id, run, queue);
  }

  /** The run that this process trains or serves. */
  get current(): string {
    return this.#current;
  }

  /** Whether this process trains, and takes more runs. */
  get trains(): boolean {
    return this.#queue !== undefined;
  }

  /** From now on `run` is the one that is training. */
  turnTo(run: TrainingRun): void {
    this.#live = run;
    this.#current = run.id;
  }

  /** Run `id`, which is in `directory`, and the runs beside it. */
  static saved(directory: string, id: string): RunLibrary {
    return new RunLibrary(directory, id);
  }

  /** Newest first. Directories that hold no readable run are left out. */
  async list({ state, text = "", after, limit = Infinity }: RunQuery = {}): Promise<readonly RunDetail[]> {
    const queued = this.#queue?.list().map(({ id }) => id) ?? [];
    const known = [...queued, ...this.#saved ? [this.#saved.id] : [], ...await listRuns(this.#runsDir)];
    const ids = [...new Set(known)].sort().reverse().filter((id) => after === undefined || id < after);
    const found: RunDetail[] = [];
    for (let first = 0; first < ids.length && found.length < limit; first += READ_AT_ONCE) {
      const some = ids.slice(first, first + READ_AT_ONCE);
      const details = await Promise.all(some.map((id) => this.get(id).catch(() => undefined)));
      const runs = details.filter((detail) => detail !== undefined);
      found.push(...runs.filter((run) => (state === undefined || run.state === state) && mentions(run, text)));
    }
    return found.slice(0, limit);
  }

  async get(id: string): Promise<RunDetail | undefined> {
    if (!RUN_ID.test(id)) return undefined;
    const queued = this.#queue?.get(id);
    if (queued) return queued;
    const manifest = await optional(() => this.#manifest(id));
    if (!manifest) return undefined;
    const { startedAt, config } = manifest;
    const common = { id, startedAt, config: this.#shown(config).config(config) };
    if (this.#live?.id === id) {
      const { state, log } = this.#live;
      return {
        ...common,
        state,
        events: log.count,
        summary: await readSummary(this.#directory(id)),
      };
    }
    const last = await optional(() => lastEvent(this.#path(id, "events.jsonl")));
    const summary = await agreedSummary(this.#directory(id), manifest.id, last) ?? null;
    return { ...common, state: endState(last), events: last?.id ?? 0, summary };
  }

  /**
   * The events of run `id` with an id greater than `after`, in batches: history, then live, in order, each once. Ends
   * after the run's last event, or when `signal` aborts. Unless `whole`, a long history is thinned, and so is what a
   * reader that cannot keep up lacks.
   */
  events(
    id: string,
    after: number,
    signal: AbortSignal,
    whole: boolean,
  ): AsyncGenerator<readonly RunEvent[], void, void> {
    return this.#showEvents(
      id,
      this.#live?.id === id ? this.#live.log.batches(after, signal, whole) : this.#pastEvents(id, after, signal, whole),
    );
  }

  /** `event` of the run that is training, as clients see it. */
  show(event: RunEvent): RunEvent {
    return this.#live ? this.#showEvent(event, this.#shown(this.#live.config)) : event;
  }

  async *#showEvents(
    id: string,
    batches: AsyncIterable<readonly RunEvent[]>,
  ): AsyncGenerator<readonly RunEvent[], void, void> {
    let paths: ShownPaths | undefined;
    for await (const batch of batches) {
      paths ??= this.#shown(await this.#configOf(id));
      const shown = batch.map((event) => this.#showEvent(event, paths!));
      yield shown.some((event, at) => event !== batch[at]) ? shown : batch;
    }
  }

  #showEvent(event: RunEvent, paths: ShownPaths): RunEvent {
    const shown = this.#shownEvents.get(event) ?? paths.event(event);
    if (shown !== event) this.#shownEvents.set(event, shown);
    return shown;
  }

  /** Nothing of a run that is damaged. */
  async #configOf(id: string): Promise<Readonly<Record<string, unknown>>> {
    if (this.#live?.id === id) return this.#live.config;
    return (await this.#manifest(id).catch(() => undefined))?.config ?? {};
  }

  #shown(config: Readonly<Record<string, unknown>>): ShownPaths {
    return new ShownPaths(config, { dataDir: this.#queue?.dataDir ?? "", runsDir: this.#runsDir });
  }

  async *#pastEvents(
    id: string,
    after: number,
    signal: AbortSignal,
    whole: boolean,
  ): AsyncGenerator<readonly RunEvent[], void, void> {
    const index = this.#index(id);
    await index.refresh();
    for await (const batch of history(index, after, whole ? "whole" : "thinned")) {
      if (signal.aborted) return;
      yield batch;
    }
  }

  /** What the files held that run `id` was trained on; nothing if it is none, or one that makes its own data. */
  async data(id: string): Promise<JsonText | undefined> {
    if (!RUN_ID.test(id)) return undefined;
    const manifest = await optional(() => this.#manifest(id));
    const json = await optional(() =>
      readFigures(this.#path(id, "data.json"), manifest?.statisticsDigest, dataStatisticsSchema)
    );
    return json && this.#shown(await this.#configOf(id)).json(json);
  }

  /** How the model of run `id` does on the rows that were kept from training; nothing where `data` is, and before its end. */
  async evaluation(id: string): Promise<JsonText | undefined> {
    const run = await this.get(id);
    if (!run || run.state === "queued") return undefined;
    const digest = run.summary?.judgementDigest;
    const json = await optional(() => readFigures(this.#path(id, "judgement.json"), digest, evaluationsSchema));
    return json && this.#shown(await this.#configOf(id)).json(json);
  }

  /** Asks the run for `action`. Returns false if it is not one that is training, or not in a state for it. */
  act(id: string, action: RunAction): boolean {
    const run = this.#live?.id === id ? this.#live : undefined;
    if (!run) return false;
    switch (action) {
      case "pause":
        return run.pause();
      case "resume":
        return run.unpause();
      case "stop":
        return run.stop(StopReason.signal);
    }
  }

  /** Puts the run that `values` asks for into the queue. Throws an InputError if it may not be. */
  async start(values: Readonly<Record<string, unknown>>): Promise<Admission> {
    return this.#queue ? await this.#queue.add(values) ?? "full" : "never";
  }

  /** Removes run `id`, which is there. */
  async remove(id: string): Promise<Removal> {
    if (this.#queue?.remove(id)) return "removed";
    if (!RUN_ID.test(id) || id === this.current || id === this.#queue?.starting) return "busy";
    const removal = await removeRun(this.#directory(id));
    if (removal === "removed") this.#indexes.delete(id);
    return removal;
  }

  /** The index of a log; of too many, the one that was asked for longest ago is forgotten. */
  #index(id: string): LogIndex {
    const index = this.#indexes.get(id) ?? new LogIndex(this.#path(id, "events.jsonl"));
    remember(this.#indexes, id, index, MOST_INDEXES);
    return index;
  }

  #directory(id: string): string {
    return id === this.#saved?.id ? this.#saved.directory : join(this.#runsDir, id);
  }

  #path(id: string, file: string): string {
    return join(this.#directory(id), file);
  }

  #manifest(id: string): Promise<Manifest> {
    return readJson(this.#path(id, "run.json"), manifestSchema);
  }
}

/** Whether `text` is in what one knows `run` by: its id, its task, the names of its data. */
function mentions({ id, config: { task, data } }: RunDetail, text: string): boolean {
  return [id, task, data].flat().some((name) => String(name).toLowerCase().includes(text.toLowerCase()));
}

function endState(last: RunEvent | undefined): RunState {
  return last?.type === "finished" || last?.type === "failed" ? last.type : "interrupted";
}

/** What `read` gives, or nothing if the file is not there. */
async function optional<Value>(read: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
