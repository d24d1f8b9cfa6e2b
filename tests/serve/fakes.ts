/** Services small enough to see through: a log in memory, and a model whose class is the parity of the first token. */
import type { NewEvent, RunEvent } from "../../lib/base/events.ts";
import type { PreprocessingJson } from "../../lib/data/encode/preprocessing.ts";
import { BATCH_SIZES, Histogram } from "../../lib/predict/histogram.ts";
import { createReader } from "../../lib/predict/reader.ts";
import { openReading } from "../../lib/predict/batch_predictor.ts";
import type { ModelInfo, Predictor } from "../../lib/predict/types.ts";
import type { Admission, Removal, RunAction, RunDetail, RunState } from "../../lib/run/types.ts";
import type { Asset, Services } from "../../lib/serve/services.ts";
import { createApp } from "../../lib/serve/app.ts";
import type { AppOptions } from "../../lib/serve/pipeline/shell.ts";
import { dataOf, jsonText, judgementsOf, LABELS } from "../judged.ts";

const at = "2026-01-02T03:04:05.000Z";

/** A checkpoint: the shortest of the events. */
export const checkpoint = (round: number): NewEvent => ({
  type: "checkpoint",
  round,
  step: round,
  digest: "d1",
  file: `${round}.ckpt`,
});

export const failed: NewEvent = { type: "failed", error: "the disk is full" };

/** An append-only log that can be followed. */
export class Log {
  readonly events: RunEvent[] = [];
  state: RunState = "running";
  /** Events given to readers, and readers that have not ended. */
  pulled = 0;
  readers = 0;
  /** What comes of the wish to start a run, and to remove one. */
  admission: Exclude<Admission, RunDetail> | undefined;
  removal: Removal = "removed";
  #waiting = new Set<() => void>();
  #onPull = () => {};
  #left = Promise.withResolvers<void>();

  append(...events: NewEvent[]): void {
    for (const event of events) {
      this.events.push({ ...event, id: this.events.length + 1, at });
      if (event.type === "failed") this.state = "failed";
    }
    for (const wake of this.#waiting) wake();
  }

  act(action: RunAction): boolean {
    if (action === "resume" ? this.state !== "paused" : this.state !== "running") return false;
    this.state = { pause: "paused", resume: "running", stop: "stopping" }[action] as RunState;
    return true;
  }

  /** Until no event was taken for `ms`. */
  stalled(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let timer = setTimeout(resolve, ms);
    this.#onPull = () => {
      clearTimeout(timer);
      timer = setTimeout(resolve, ms);
    };
    return promise.finally(() => this.#onPull = () => {});
  }

  /** Until no reader is left. */
  async quiet(): Promise<void> {
    while (this.readers > 0) await this.#left.promise;
  }

  async *follow(after: number, signal: AbortSignal): AsyncGenerator<readonly RunEvent[]> {
    this.readers++;
    try {
      for (let next = after; !signal.aborted;) {
        const event = this.events[next];
        if (event) {
          next++;
          this.pulled++;
          this.#onPull();
          yield [event];
        } else if (this.state !== "running") return;
        else await this.#more(signal);
      }
    } finally {
      this.readers--;
      this.#left.resolve();
      this.#left = Promise.withResolvers();
    }
  }

  async #more(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    signal.addEventListener("abort", () => resolve());
    await promise;
    this.#waiting.delete(resolve);
  }
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

/** Of a model of text that knows four words and reads three. */
export const preprocessing: PreprocessingJson = {
  tokenizer: { kind: "words", lowercase: true, punctuation: "keep" },
  vocabulary: ["refund", "please", "crash", "!"],
  maxLength: 3,
  truncate: "end",
};

/** A predictor of that model, or of one with another `json`. */
export function textPredictor(json = preprocessing): Predictor {
  const shape = { ...modelInfo, vocabulary: json.vocabulary.length + 2, text: true };
  return fakePredictor(
    { shape, reader: createReader(shape, json), model: () => Promise.resolve(shape) },
    openReading(json),
  );
}

const batchSizes = new Histogram(BATCH_SIZES);
for (const size of [2, 3, 2000]) batchSizes.observe(size);

/** Answers with the parity of the first token that `read` finds in each input; `changes` replaces parts. */
export function fakePredictor(changes: Partial<Predictor> = {}, read = openReading(undefined)): Predictor {
  return {
    shape: modelInfo,
    reader: createReader(modelInfo, undefined),
    model: () => Promise.resolve(modelInfo),
    predict: (inputs) =>
      Promise.resolve({
        run: "r1",
        round: 7,
        digest: "d7",
        queueMs: 0.25,
        computeMs: 0.5,
        predictions: inputs.map(read).map(({ tokens, flags }) =>
          tokens[0]! % 2
            ? { class: 0, label: "odd", probabilities: [0.75, 0.25], ...flags }
            : { class: 1, label: "even", probabilities: [0.25, 0.75], ...flags }
        ),
      }),
    versions: () => Promise.resolve([7, 5]),
    statistics: () => ({ queued: 3, computing: 1, batchSizes, restarts: 2 }),
    ...changes,
  };
}

const assets = new Map<string, Asset>([
  ["/", { body: "<!doctype html><title>Lockstep</title>", type: "text/html; charset=utf-8" }],
  ["/dashboard/icon.svg", { body: "<svg/>", type: "image/svg+xml" }],
  ["/dashboard.js", { body: "export {};", type: "text/javascript; charset=utf-8" }],
]);

/** Services around `log` as run `r1`, the newer of two; `changes` replaces parts. */
export function fakeServices(log: Log, changes: Partial<Services> = {}): Services {
  const detail = (id: string): RunDetail => ({
    id,
    state: log.state,
    startedAt: at,
    events: log.events.length,
    config: { seed: 1 },
    summary: null,
  });
  return {
    runs: {
      current: "r1",
      trains: true,
      list: () => Promise.resolve([detail("r1"), detail("r0")]),
      get: (id) => Promise.resolve(id === "r1" || id === "r0" ? detail(id) : undefined),
      events: (_id, after, signal) => log.follow(after, signal),
      // The current run makes its own data, the older one was trained on files.
      data: (id) => Promise.resolve(id === "r0" ? jsonText(dataOf(LABELS)) : undefined),
      judgement: (id) => Promise.resolve(id === "r0" ? jsonText(judgementsOf(LABELS)) : undefined),
      start: (values) =>
        Promise.resolve(log.admission ?? { ...detail("r2"), state: "queued", place: 1, config: values }),
      remove: () => Promise.resolve(log.removal),
      act: (id, action) => id === "r1" && log.act(action),
    },
    predictor: fakePredictor(),
    assets,
    ready: () => true,
    ...changes,
  };
}

/** An app over a log of `events`. */
export function fakeApp(
  { events = [], services = {}, ...options }: AppOptions & { events?: NewEvent[]; services?: Partial<Services> } = {},
): { app: ReturnType<typeof createApp>; log: Log } {
  const log = new Log();
  log.append(...events);
  return { app: createApp(fakeServices(log, services), options), log };
}
