/** Fakes of all services, for serve and the dashboard: runs in memory, and a model whose class is a token's parity. */
import { eventSchema, type NewEvent, type RunEvent } from "../../lib/base/events.ts";
import type { PreprocessingJson } from "../../lib/data/encode/preprocessing.ts";
import { BATCH_SIZES, Histogram } from "../../lib/predict/histogram.ts";
import { createReader } from "../../lib/standalone/reader.ts";
import { openPreprocessing } from "../../lib/data/encode/open_preprocessing.ts";
import { openReading } from "../../lib/standalone/readings.ts";
import { prediction } from "../../lib/standalone/answers.ts";
import { DEFAULT_NAME, ServedModels } from "../../lib/predict/served_models.ts";
import type { ModelInfo, Prediction, Predictor } from "../../lib/predict/types.ts";
import type { Admission, Removal, RunAction, RunDetail, RunState } from "../../lib/run/types.ts";
import { UncertainInputs } from "../../lib/predict/uncertain.ts";
import type { Labelling, Refused } from "../../lib/predict/labelling.ts";
import type { Asset, Runs, Services } from "../../lib/serve/services.ts";
import { createApp } from "../../lib/serve/app.ts";
import type { App, AppOptions } from "../../lib/serve/pipeline/shell.ts";
import type { Notes } from "../../lib/config/notes_shape.ts";
import type { FilePreview } from "../../lib/run/library/data_files.ts";
import { filled } from "../../lib/run/files/notes_file.ts";
import type { CrossValidationState } from "../../lib/run/library/examinations.ts";
import type { DataStatistics } from "../../lib/data/statistics.ts";
import type { Evaluations } from "../../lib/model/evaluation.ts";
import { dataOf, evaluationsOf, jsonText, LABELS } from "../finished_run.ts";

/** Time of all events that have no time of their own. */
const AT = "2026-01-02T03:04:05.000Z";

/** Makes a checkpoint, the shortest event. */
export const checkpoint = (round: number): NewEvent => ({
  type: "checkpoint",
  round,
  step: round,
  digest: "d1",
  file: `${round}.ckpt`,
});

export const failed: NewEvent = { type: "failed", error: "the disk is full" };

/** A run in memory, whose log can be followed. Tests set its fields to bring it into a state. */
export class FakeRun {
  readonly events: RunEvent[] = [];
  state: RunState = "running";
  config: RunDetail["config"] = { seed: 1 };
  notes: Notes = {};
  /** Statistics and evaluation, of a run on files. */
  data: DataStatistics | undefined;
  evaluation: Evaluations | undefined;
  /** Present while it waits in the queue. */
  /** True if another process trains it: streams of its events end with the newest one. */
  elsewhere = false;
  queued: Pick<RunDetail, "place" | "config" | "search"> | undefined;
  /** Its cross-validation. */
  labels: CrossValidationState = { state: "none", mayStart: true };
  /** Reason for which it could not start. */
  error: string | undefined;
  /** Events given to readers, open readers, and the event after which each reader began. */
  pulled = 0;
  readers = 0;
  readonly starts: number[] = [];
  #cuts = 0;
  #waiting = new Set<() => void>();
  #onPull = () => {};
  #left = Promise.withResolvers<void>();

  constructor(readonly id: string) {}

  append(...events: NewEvent[]): void {
    for (const event of events) this.record(event, AT);
  }

  /** Appends an event with the time `at`. */
  record(event: NewEvent, at: string): void {
    this.events.push(eventSchema.parse({ ...event, id: this.events.length + 1, at }));
    this.state = STATE_AFTER[event.type] ?? this.state;
    this.#wake();
  }

  act(action: RunAction): boolean {
    if (action === "stop" && this.queued?.search) {
      this.queued = { config: this.queued.config };
      return true;
    }
    if (action === "resume" ? this.state !== "paused" : this.state !== "running") return false;
    const event: NewEvent = action === "stop"
      ? { type: "stopping", reason: "asked to stop" }
      : { type: action === "pause" ? "paused" : "unpaused" };
    this.record(event, AT);
    return true;
  }

  /** Ends every open stream, like a proxy or a restart. */
  cut(): void {
    this.#cuts++;
    this.#wake();
  }

  /** Waits until no event was read for `ms`. */
  stalled(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let timer = setTimeout(resolve, ms);
    this.#onPull = () => {
      clearTimeout(timer);
      timer = setTimeout(resolve, ms);
    };
    return promise.finally(() => this.#onPull = () => {});
  }

  /** Waits until no reader is left. */
  async quiet(): Promise<void> {
    while (this.readers > 0) await this.#left.promise;
  }

  async *follow(after: number, signal: AbortSignal): AsyncGenerator<readonly RunEvent[]> {
    const cuts = this.#cuts;
    this.starts.push(after);
    this.readers++;
    try {
      for (let next = after; !signal.aborted && cuts === this.#cuts;) {
        const event = this.events[next];
        if (event) {
          next++;
          this.pulled++;
          this.#onPull();
          yield [event];
        } else if (!this.elsewhere && ["running", "paused", "stopping"].includes(this.state)) await this.#more(signal);
        else return;
      }
    } finally {
      this.readers--;
      this.#left.resolve();
      this.#left = Promise.withResolvers();
    }
  }

  detail(): RunDetail {
    const { id, state, config, events, error, queued, notes } = this;
    const common = { id, startedAt: AT, events: 0, summary: null, ...notes };
    if (queued) return { ...common, state: "queued", ...queued };
    if (error !== undefined) return { ...common, state: "failed", config: {}, error };
    const last = events.at(-1);
    return {
      ...common,
      state,
      ...this.elsewhere && { elsewhere: true },
      config,
      events: events.length,
      summary: last?.type === "finished" ? last.summary : null,
    };
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }

  async #more(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    signal.addEventListener("abort", () => resolve());
    await promise;
    this.#waiting.delete(resolve);
  }
}

/** States that events bring about. */
const STATE_AFTER: Readonly<Partial<Record<NewEvent["type"], RunState>>> = {
  resumed: "running",
  paused: "paused",
  unpaused: "running",
  stopping: "stopping",
  finished: "finished",
  failed: "failed",
};

/** The only file of the data directory. */
const FILE: FilePreview = {
  ...{ name: "tickets.csv", bytes: 2048, format: "csv", hasHeader: true },
  columns: ["id", "subject", "queue"],
  rows: [["1", "where is my parcel", "shipping"]],
  ...{ textColumn: "subject", labelColumn: "queue" },
};

export interface FakeRuns extends Runs {
  /** Answer to the next request to start a run, instead of success. */
  admission?: Exclude<Admission, RunDetail>;
  /** Answer to the next request to remove a run; edits are kept off unless it is `removed`. */
  removal: Removal;
}

/** Makes a library of `runs`, newest first: an array that may change while it is in use. */
export function fakeRuns(runs: FakeRun[], trains = true): FakeRuns {
  const find = (id: string) => runs.find((run) => run.id === id);
  const library: FakeRuns = {
    removal: "removed",
    get current() {
      return runs.find(({ queued, error }) => !queued && error === undefined)?.id ?? "";
    },
    trains,
    list: ({ state, text = "", after, limit } = {}) =>
      Promise.resolve(
        runs.slice(after === undefined ? 0 : 1 + runs.findIndex(({ id }) => id === after))
          .map((run) => run.detail())
          .filter((run) => (state === undefined || run.state === state) && `${run.id} ${run.tags}`.includes(text))
          .slice(0, limit),
      ),
    get: (id) => Promise.resolve(find(id)?.detail()),
    data: (id) => Promise.resolve(jsonText(find(id)?.data)),
    evaluation: (id) => Promise.resolve(jsonText(find(id)?.evaluation)),
    examinations: {
      state: (id) => Promise.resolve(find(id)!.labels),
      start(id) {
        if (!trains || library.admission === "never") return Promise.resolve("never");
        if (runs.some(({ labels }) => labels.state === "running")) return Promise.resolve("busy");
        find(id)!.labels = { state: "running", mayStart: true, progress: 0.25 };
        return Promise.resolve("started");
      },
      stop(id) {
        const run = find(id)!;
        const { state } = run.labels;
        if (state === "running") run.labels = { state: "none", mayStart: true };
        return Promise.resolve(state === "running");
      },
      rows(id) {
        const name = find(id)?.labels.rows;
        return Promise.resolve(name === undefined ? undefined : { name, body: new Blob(["a,b\n"]).stream() });
      },
    },
    files: () => Promise.resolve({ files: [{ name: FILE.name, bytes: FILE.bytes }], more: false }),
    preview: (name) => Promise.resolve(name === FILE.name ? FILE : undefined),
    start(config) {
      const admission = trains ? library.admission : "never";
      if (admission) return Promise.resolve(admission);
      const place = 1 + runs.filter(({ queued }) => queued).length;
      const run = new FakeRun(`asked-${place}`);
      run.queued = { place, config };
      runs.unshift(run);
      return Promise.resolve(run.detail());
    },
    edit(id, edits) {
      const run = find(id)!;
      if (library.removal !== "removed") return Promise.resolve("kept");
      run.notes = filled({ ...run.notes, ...edits });
      return Promise.resolve(run.detail());
    },
    remove(id) {
      if (library.removal === "removed") runs.splice(runs.findIndex((run) => run.id === id), 1);
      return Promise.resolve(library.removal);
    },
    act: (id, action) => find(id)?.act(action) ?? false,
    events(id, after, signal) {
      const run = find(id);
      if (!run) throw new RangeError(`There is no run "${id}"`);
      return run.follow(after, signal);
    },
  };
  return library;
}

export const modelInfo: ModelInfo = {
  run: "r1",
  labels: ["odd", "even"],
  vocabulary: 50,
  length: 3,
  text: false,
  round: 7,
  digest: "d7",
};

/** Preprocessing of a text model that knows four words and reads three. */
export const preprocessing: PreprocessingJson = {
  tokenizer: { kind: "words", lowercase: true, punctuation: "keep" },
  vocabulary: ["refund", "please", "crash", "!"],
  maxLength: 3,
  truncate: "end",
};

type Reading = ReturnType<ReturnType<typeof openReading>>;

const batchSizes = new Histogram(BATCH_SIZES);
for (const size of [2, 3, 2000]) batchSizes.observe(size);

/** Makes a predictor that answers at once: `classify` gives the prediction of each input. */
export function predictorOf(
  model: ModelInfo,
  classify: (read: Reading) => Prediction,
  json?: PreprocessingJson,
): Predictor {
  const { run, round, digest } = model;
  const read = openReading(json && openPreprocessing(json));
  return {
    shape: model,
    reader: createReader(model, json, { served: true }),
    model: () => Promise.resolve(model),
    predict: (inputs, { reject = 0, ...options } = {}) =>
      Promise.resolve({
        ...{ run, round, digest, queueMs: 0.25, computeMs: 0.5 },
        predictions: inputs.map((one) => read(one)).map((input) => {
          const probabilities = Float32Array.from(classify(input).probabilities);
          const flags = input.flags ? [input.flags] : [];
          // Its thresholds are the wanted precisions.
          return prediction({ probabilities, flags }, 0, model.labels, { ...options, threshold: reject });
        }),
      }),
    versions: () => Promise.resolve([7, 5]),
    statistics: () => ({ engine: "simd/avx512", queued: 3, computing: 1, batchSizes, restarts: 2 }),
  };
}

const parityOfFirst = ({ tokens }: Reading): Prediction =>
  tokens[0]! % 2
    ? { class: 0, label: "odd", probabilities: [0.75, 0.25] }
    : { class: 1, label: "even", probabilities: [0.25, 0.75] };

/** Makes a predictor of `modelInfo` that answers with the parity of the first token; `changes` replaces parts. */
export function fakePredictor(changes: Partial<Predictor> = {}): Predictor {
  return { ...predictorOf(modelInfo, parityOfFirst), ...changes };
}

/** Makes such a predictor of a text model that knows four words and reads three, or of one with another `json`. */
export function textPredictor(json = preprocessing): Predictor {
  const columns = json.columns?.map(({ name, kind }) => ({ name, kind }));
  const info = { ...modelInfo, vocabulary: json.vocabulary.length + 2, text: true, ...columns && { columns } };
  return predictorOf(info, parityOfFirst, json);
}

/** Makes examples in memory, of which there is one with the id 1; `refused` answers instead. */
export function fakeLabelling(refused?: Refused): Labelling {
  const newest = [{ text: "refund", label: "odd", example: { id: 1, at: AT } }];
  return {
    examples: {
      add: (examples) => Promise.resolve(refused ?? examples.map((_, at) => at + 2)),
      remove: (id) => Promise.resolve(refused ?? id === 1),
      overview: () => Promise.resolve(refused ?? { count: 1, labels: [{ label: "odd", count: 1 }], newest }),
    },
    uncertain: new UncertainInputs({ most: 3, labels: modelInfo.labels }),
    textColumn: "text",
    labelColumn: "label",
  };
}

const assets = new Map<string, Asset>([
  ["/", { body: "<!doctype html><html><title>Lockstep</title>", type: "text/html; charset=utf-8" }],
  ["/dashboard/icon.svg", { body: "<svg/>", type: "image/svg+xml" }],
  ["/dashboard.js", { body: "export {};", type: "text/javascript; charset=utf-8" }],
]);

/** Changes of the services; `predictor` is the only model, which takes examples by `labelling`. */
export interface ServiceChanges extends Partial<Services> {
  readonly predictor?: Predictor;
  readonly labelling?: Labelling;
}

/** Makes services of `runs`; `changes` replaces parts. */
export function fakeServices(
  runs: Runs,
  { predictor = fakePredictor(), labelling, ...changes }: ServiceChanges = {},
): Services {
  const opened = { predictor, ...labelling && { labelling }, close: () => {} };
  return { runs, models: new ServedModels([[DEFAULT_NAME, opened]]), assets, ready: () => true, ...changes };
}

/** Makes an app over run `r1` with `events`, and the older run `r0`, which was trained on files. */
export function fakeApp(
  { events = [], services = {}, ...options }: AppOptions & { events?: NewEvent[]; services?: ServiceChanges } = {},
): { app: App; run: FakeRun; older: FakeRun; runs: FakeRuns } {
  const [run, older] = [new FakeRun("r1"), new FakeRun("r0")];
  run.append(...events);
  older.state = "finished";
  older.data = dataOf(LABELS);
  older.evaluation = evaluationsOf(LABELS);
  const runs = fakeRuns([run, older]);
  return { app: createApp(fakeServices(runs, services), options), run, older, runs };
}
