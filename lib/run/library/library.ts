/**
 * Lists the runs of a directory, and gives clients their details, events and metrics. The run that is training is read from
 * memory, and all others from their files.
 */
import { remember } from "../../base/remember.ts";
import { dirname, join } from "node:path";
import type { z } from "zod";
import type { RunEvent } from "../../base/events.ts";
import type { Notes } from "../../config/notes_shape.ts";
import { StopReason } from "../../lockstep/memory/control.ts";
import { dataStatisticsSchema } from "../../data/statistics.ts";
import { listRuns, RUN_ID } from "../files/directory.ts";
import { removeRun } from "./retention.ts";
import { cannotWrite, unlessMissing } from "../files/files.ts";
import { editNotes, readNotes } from "../files/notes_file.ts";
import { evaluationsSchema } from "../../model/evaluation.ts";
import { history } from "../log/log_history.ts";
import { LogIndex } from "../log/log_index.ts";
import type { Manifest } from "../files/manifest.ts";
import { readSummary } from "../log/summary.ts";
import type { TrainingRun } from "../training/training_run.ts";
import { type DataFiles, type FilePreview, listDataFiles, previewDataFile } from "./data_files.ts";
import { Examinations, type ExaminationThreads } from "./examinations.ts";
import type { RunQueue } from "./run_queue.ts";
import { readRun, readRunManifest, readRunMetrics, selectRuns } from "./saved_runs.ts";
import { ShownPaths } from "./shown_paths.ts";
import type { Admission, Edit, JsonText, Removal, RunAction, RunDetail, RunQuery } from "../types.ts";

/** Limits the logs whose index stays in memory: 9 bytes for each event. */
const MOST_INDEXES = 8;

export class RunLibrary {
  readonly #runsDir: string;
  /** The run that this process trains or serves. Its directory may have been renamed. */
  #current: Pick<TrainingRun, "id" | "directory">;
  /** The current run, if it is training, and others that are trained beside it, by id. */
  readonly #live = new Map<string, TrainingRun>();
  /** The queue of a process that trains one run after the other. */
  readonly #queue: RunQueue | undefined;
  readonly #indexes = new Map<string, LogIndex>();
  /** Caches events as clients see them: many clients ask for the same event. */
  readonly #shownEvents = new WeakMap<RunEvent, RunEvent>();

  /** Cross-validations of the runs. */
  readonly examinations: Examinations;

  private constructor(
    current: Pick<TrainingRun, "id" | "directory">,
    live?: TrainingRun,
    queue?: RunQueue,
    threads?: ExaminationThreads,
  ) {
    this.#runsDir = dirname(current.directory);
    this.#current = current;
    if (live) this.add(live);
    this.#queue = queue;
    this.examinations = new Examinations({
      directoryOf: (id) => this.#directory(id),
      shownFor: async (id) => this.#shown(await this.#configOf(id)),
      threads,
    });
  }

  /** Opens the directory of `run`, which is training, and of later runs from `queue`. `threads` may examine labels. */
  static live(run: TrainingRun, queue?: RunQueue, threads?: ExaminationThreads): RunLibrary {
    return new RunLibrary(run, run, queue, threads);
  }

  /** Opens the directory around the saved run `id`, which is in `directory`. */
  static saved(directory: string, id: string): RunLibrary {
    return new RunLibrary({ id, directory });
  }

  /** The run that this process trains or serves. */
  get current(): string {
    return this.#current.id;
  }

  /** Says whether this process trains and accepts more runs. */
  get trains(): boolean {
    return this.#queue !== undefined;
  }

  /** Sets the current run; `live` if it is training. */
  turnTo(run: Pick<TrainingRun, "id" | "directory">, live?: TrainingRun): void {
    this.#current = run;
    if (live) this.add(live);
  }

  /** Adds a run that is trained beside the current one. Others that have ended are read from their files from now on. */
  add(run: TrainingRun): void {
    for (const { id, state } of this.#live.values()) {
      if (id !== this.current && ["finished", "failed"].includes(state)) this.#live.delete(id);
    }
    this.#live.set(run.id, run);
  }

  /** The folder of the runs. */
  get folder(): string {
    return this.#runsDir;
  }

  /** Lists runs, newest first, without directories that have no readable run. */
  async list({ after, ...query }: RunQuery = {}): Promise<readonly RunDetail[]> {
    const queued = this.#queue?.list().map(({ id }) => id) ?? [];
    const known = [...queued, this.current, ...this.#live.keys(), ...await listRuns(this.#runsDir)];
    const ids = [...new Set(known)].sort().reverse().filter((id) => after === undefined || id < after);
    return await selectRuns(ids, (id) => this.get(id), query);
  }

  async get(id: string): Promise<RunDetail | undefined> {
    if (!RUN_ID.test(id)) return undefined;
    const queued = this.#queue?.get(id);
    if (queued) return queued;
    const directory = this.#directory(id);
    const live = this.#live.get(id);
    if (live) {
      const { state, log, startedAt, config } = live;
      const common = {
        id,
        state,
        startedAt,
        ...await readNotes(directory),
        config: this.#shown(config).config(config),
      };
      return { ...common, events: log.count, summary: await readSummary(directory) };
    }
    const run = await readRun(directory);
    return run && { ...run, id, config: this.#shown(run.config).config(run.config) };
  }

  /**
   * Yields the events of run `id` after `after`, in order and in batches: history, then live. Ends after the run's last
   * event, or when `signal` aborts. Unless `whole`, a long history is sampled, and a reader that cannot keep up gets only
   * the newest progress event.
   */
  events(
    id: string,
    after: number,
    signal: AbortSignal,
    whole: boolean,
  ): AsyncGenerator<readonly RunEvent[], void, void> {
    return this.#showEvents(
      id,
      this.#live.get(id)?.log.batches(after, signal, whole) ?? this.#pastEvents(id, after, signal, whole),
    );
  }

  /** Returns `event` of the current run, as clients see it. */
  show(event: RunEvent): RunEvent {
    const live = this.#live.get(this.current);
    return live ? this.#showEvent(event, this.#shown(live.config)) : event;
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

  /** Returns the config of run `id`, or an empty one if the run is damaged. */
  async #configOf(id: string): Promise<Readonly<Record<string, unknown>>> {
    return this.#live.get(id)?.config ?? (await this.#manifest(id).catch(() => undefined))?.config ?? {};
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
    for await (const batch of history(index, after, whole ? "all" : "sample")) {
      if (signal.aborted) return;
      yield batch;
    }
  }

  /** Reads the statistics of the files that run `id` was trained on, or undefined if there is no such run or file. */
  async data(id: string): Promise<JsonText | undefined> {
    if (!RUN_ID.test(id)) return undefined;
    const manifest = await unlessMissing(() => this.#manifest(id));
    return await this.#metrics(id, "data.json", manifest?.statisticsDigest, dataStatisticsSchema);
  }

  /** Reads the evaluation of the model of run `id`, or undefined before its end and if `data` is undefined. */
  async evaluation(id: string): Promise<JsonText | undefined> {
    const run = await this.get(id);
    if (!run || run.state === "queued") return undefined;
    return await this.#metrics(id, "judgement.json", run.summary?.judgementDigest, evaluationsSchema);
  }

  async #metrics(
    id: string,
    file: string,
    digest: string | undefined,
    schema: z.ZodType,
  ): Promise<JsonText | undefined> {
    const json = await readRunMetrics(this.#directory(id), file, digest, schema);
    return json && this.#shown(await this.#configOf(id)).json(json);
  }

  /** Asks the run for `action`. Returns false if the run is not training, or if its state does not allow the action. */
  act(id: string, action: RunAction): boolean {
    const run = this.#live.get(id);
    if (!run) return action === "stop" && this.#queue?.endSearch(id) === true;
    switch (action) {
      case "pause":
        return run.pause();
      case "resume":
        return run.unpause();
      case "stop":
        return run.stop(StopReason.signal);
    }
  }

  /** Lists the files that requests for runs may name. */
  files(): Promise<DataFiles> {
    return listDataFiles(this.#queue?.dataDir ?? "");
  }

  /** Looks at the beginning of such a file; undefined if there is none. Throws an InputError if it has no rows. */
  preview(name: string): Promise<FilePreview | undefined> {
    return previewDataFile(this.#queue?.dataDir ?? "", name);
  }

  /** Puts the run of the request `values` into the queue. Throws an InputError if the request is invalid. */
  async start(values: Readonly<Record<string, unknown>>): Promise<Admission> {
    return this.#queue ? await this.#queue.add(values) ?? "full" : "never";
  }

  /** Changes the name, note or tags of run `id`, which exists. */
  async edit(id: string, edits: Notes): Promise<Edit> {
    const queued = this.#queue?.edit(id, edits);
    if (queued) return queued;
    try {
      await editNotes(this.#directory(id), edits);
    } catch (error) {
      if (cannotWrite(error)) return "kept";
      throw error;
    }
    return (await this.get(id))!;
  }

  /** Removes run `id`, which exists. */
  async remove(id: string): Promise<Removal> {
    if (this.#queue?.remove(id)) return "removed";
    const isUsed = id === this.current || id === this.#queue?.starting || this.examinations.examines(id);
    if (!RUN_ID.test(id) || isUsed) return "busy";
    const removal = await removeRun(this.#directory(id));
    if (removal === "removed") this.#indexes.delete(id);
    return removal;
  }

  /** Returns the index of a log, and drops the least recently used one if there are too many. */
  #index(id: string): LogIndex {
    const index = this.#indexes.get(id) ?? new LogIndex(this.#path(id, "events.jsonl"));
    remember(this.#indexes, id, index, MOST_INDEXES);
    return index;
  }

  #directory(id: string): string {
    return id === this.current ? this.#current.directory : join(this.#runsDir, id);
  }

  #path(id: string, file: string): string {
    return join(this.#directory(id), file);
  }

  #manifest(id: string): Promise<Manifest> {
    return readRunManifest(this.#directory(id));
  }
}
