/** All runs of a directory, for whoever lists them or reads their events; the one that is training is read live. */
import { dirname, join } from "node:path";
import type { z } from "zod";
import type { RunEvent } from "../events.ts";
import { StopReason } from "../lockstep/control.ts";
import { dataSchema, type SavedData } from "./data_schema.ts";
import { listRuns, RUN_ID } from "./directory.ts";
import { lastEvent } from "./event_log.ts";
import { errorCode, readJson } from "./files.ts";
import { type Judgements, judgementsSchema } from "./judgement_schema.ts";
import { history } from "./log_history.ts";
import { LogIndex } from "./log_index.ts";
import { type Manifest, manifestSchema } from "./manifest.ts";
import { agreedSummary, readSummary } from "./summary.ts";
import type { TrainingRun } from "./training_run.ts";
import type { RunAction, RunDetail, RunState } from "./types.ts";

/** Logs of which it is remembered where their events are: 9 bytes for each event. */
const MOST_INDEXES = 8;

export class RunLibrary {
  /** The run that this process trains or serves. */
  readonly current: string;
  readonly #runsDir: string;
  readonly #live: TrainingRun | undefined;
  readonly #indexes = new Map<string, LogIndex>();

  private constructor(runsDir: string, current: string, live?: TrainingRun) {
    this.#runsDir = runsDir;
    this.current = current;
    this.#live = live;
  }

  /** The runs beside the one that is training. */
  static live(run: TrainingRun): RunLibrary {
    return new RunLibrary(dirname(run.directory), run.id, run);
  }

  /** The runs beside run `id`, which is in `directory`. */
  static saved(directory: string, id: string): RunLibrary {
    return new RunLibrary(dirname(directory), id);
  }

  /** Newest first. Directories that hold no readable run are left out. */
  async list(): Promise<readonly RunDetail[]> {
    const details = await Promise.all((await listRuns(this.#runsDir)).map((id) => this.get(id).catch(() => undefined)));
    return details.filter((detail) => detail !== undefined);
  }

  async get(id: string): Promise<RunDetail | undefined> {
    if (!RUN_ID.test(id)) return undefined;
    const manifest = await optional(() => this.#manifest(id));
    if (!manifest) return undefined;
    const { startedAt, config } = manifest;
    const common = { id, startedAt, config };
    if (this.#live?.id === id) {
      const { state, log } = this.#live;
      return {
        ...common,
        state,
        events: log.count,
        summary: await readSummary(join(this.#runsDir, id)),
      };
    }
    const last = await optional(() => lastEvent(this.#path(id, "events.jsonl")));
    const summary = await agreedSummary(join(this.#runsDir, id), last) ?? null;
    return { ...common, state: endState(last), events: last?.id ?? 0, summary };
  }

  /**
   * The events of run `id` with an id greater than `after`, in batches: history, then live, in order, each once. Ends
   * after the run's last event, or when `signal` aborts. Unless `whole`, a long history is thinned, and so is what a
   * reader that cannot keep up lacks.
   */
  async *events(
    id: string,
    after: number,
    signal: AbortSignal,
    whole: boolean,
  ): AsyncGenerator<readonly RunEvent[], void, void> {
    if (this.#live?.id === id) return yield* this.#live.log.batches(after, signal, whole);
    const index = this.#index(id);
    await index.refresh();
    for await (const batch of history(index, after, whole ? "whole" : "thinned")) {
      if (signal.aborted) return;
      yield batch;
    }
  }

  /** What the files held that run `id` was trained on; nothing if it is none, or one that makes its own data. */
  data(id: string): Promise<SavedData | undefined> {
    return this.#read(id, "data.json", dataSchema);
  }

  /** How the model of run `id` does on the rows that were kept from training; nothing where `data` is, and before its end. */
  judgement(id: string): Promise<Judgements | undefined> {
    return this.#read(id, "judgement.json", judgementsSchema);
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

  async #read<Value>(id: string, file: string, schema: z.ZodType<Value>): Promise<Value | undefined> {
    if (!RUN_ID.test(id)) return undefined;
    return await optional(async () => schema.parse(await readJson(this.#path(id, file))));
  }

  /** The index of a log; of too many, the one that was asked for longest ago is forgotten. */
  #index(id: string): LogIndex {
    const index = this.#indexes.get(id) ?? new LogIndex(this.#path(id, "events.jsonl"));
    this.#indexes.delete(id);
    this.#indexes.set(id, index);
    if (this.#indexes.size > MOST_INDEXES) this.#indexes.delete(this.#indexes.keys().next().value!);
    return index;
  }

  #path(id: string, file: string): string {
    return join(this.#runsDir, id, file);
  }

  async #manifest(id: string): Promise<Manifest> {
    return manifestSchema.parse(await readJson(this.#path(id, "run.json")));
  }
}

function endState(last: RunEvent | undefined): RunState {
  return last?.type === "finished" || last?.type === "failed" ? last.type : "interrupted";
}

/** What `read` gives, or nothing if the file is not there. */
async function optional<Value>(read: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await read();
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
