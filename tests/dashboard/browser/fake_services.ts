/** A run that lives in memory and says what it is told to, and the rest of what the app needs around it. */
import { dashboardAssets } from "../../../dashboard/assets.ts";
import { eventSchema, type NewEvent, type RunEvent, type Summary } from "../../../lib/base/events.ts";
import type { DataStatistics } from "../../../lib/data/statistics.ts";
import { jsonText } from "../../judged.ts";
import type { Evaluations } from "../../../lib/model/evaluation.ts";
import type { RunAction, RunDetail } from "../../../lib/run/types.ts";
import type { RunLibrary, Services } from "../../../lib/serve/services.ts";
import { DIGEST, parityPredictor, textPredictor } from "./fake_predictors.ts";
import { configSchema } from "../../../lib/config/schema.ts";

/** A plausible run: two figures on a curve, four workers, an epoch every 20 progress events. */
export const EPOCH = 20;

const START = Date.parse("2026-01-02T03:04:05.000Z");

/** One progress event every 400 ms of run time. */
export function at(point: number): string {
  return new Date(START + 400 * point).toISOString();
}

/** What a run on files says of them when it starts. */
function startOf(data: DataStatistics | undefined): Partial<Extract<NewEvent, { type: "started" }>> {
  if (!data) return {};
  const { sources, parts, classes, vocabulary, maxLength, bad } = data;
  return {
    labels: classes.map(({ label }) => label),
    data: {
      sources: sources.map(({ name }) => name),
      rows: parts.training?.rows ?? 0,
      validation: parts.validation?.rows ?? 0,
      test: parts.test?.rows ?? null,
      vocabulary: vocabulary.size,
      length: maxLength,
      unknown: 0.01,
      truncated: 29,
      skipped: bad.rows,
    },
  };
}

export function startedEvent(run: string): Extract<NewEvent, { type: "started" }> {
  return {
    type: "started",
    run,
    config: configSchema.parse({}),
    parameters: 26_754,
    labels: ["odd", "even"],
    workers: 4,
    shards: 4,
    engine: "tfjs",
    digest: DIGEST,
  };
}

/** The loss of point `point`, from ln 2 down to almost nothing. */
function lossAt(point: number): number {
  return 0.692 / (1 + Math.exp((point - 130) / 22)) + 0.002;
}

export function progressEvent(point: number): NewEvent {
  const noise = Math.sin(12.9898 * point) * 0.5 + Math.sin(78.233 * point) * 0.5;
  const loss = lossAt(point) * (1 + 0.12 * noise);
  return {
    type: "progress",
    round: 2 * point,
    step: 2 * point,
    epoch: Math.floor(point / EPOCH),
    training: { loss, accuracy: Math.min(1, 1 - 0.71 * loss + 0.01 * noise) },
    sequencesPerSecond: 8400 + 600 * noise,
    drift: 0.02 * lossAt(point) * (1 + 0.4 * noise) + 1e-5,
    workers: [0, 1, 2, 3].map((worker) => {
      const average = 0.03 + 0.01 * Math.sin(point + worker);
      const wait = 0.02 + 0.03 * worker + 0.015 * Math.cos(3 * point + worker);
      return { worker, sequencesPerSecond: 2100 + 150 * noise, compute: 1 - average - wait, wait, average };
    }),
  };
}

/** What follows progress event `point`: at an epoch's end its figures, at every third a checkpoint. */
export function milestones(point: number): NewEvent[] {
  if (point % EPOCH !== 0) return [];
  const place = { round: 2 * point, step: 2 * point };
  const heldOut = { loss: lossAt(point), accuracy: Math.min(0.9971, 1 - 0.71 * lossAt(point)) };
  const epoch = point / EPOCH;
  const ended: NewEvent = {
    type: "epoch",
    epoch,
    ...place,
    digest: DIGEST,
    training: heldOut,
    heldOut,
    seconds: 0.4 * point,
  };
  const saved: NewEvent = { type: "checkpoint", ...place, digest: DIGEST, file: `${point}.bin` };
  return epoch % 3 === 0 ? [ended, saved] : [ended];
}

export function finishedEvent(run: string, points: number): Extract<NewEvent, { type: "finished" }> {
  return {
    type: "finished",
    summary: {
      run,
      digest: DIGEST.split("").reverse().join(""),
      heldOut: { loss: lossAt(points), accuracy: Math.min(0.9971, 1 - 0.71 * lossAt(points)) },
      best: null,
      reason: "the held-out accuracy reached 99.5 %",
      epochs: Math.floor(points / EPOCH),
      rounds: 2 * points,
      steps: 2 * points,
      sequences: 1024 * points,
      seconds: 0.4 * points,
      sequencesPerSecond: 8321,
      workers: 4,
      shards: 4,
      engine: "tfjs",
    },
  };
}

/** The LSTM's part in a model that was judged so, a little worse alone. */
function lstmAlone({ rows, loss, accuracy, macroF1, calibrationError }: Evaluations["validation"]): Summary["lstm"] {
  const alone = { rows, loss: 1.1 * loss, accuracy: 0.98 * accuracy, macroF1, calibrationError };
  return { share: 0.6, validation: alone, test: alone };
}

export class FakeRun {
  readonly events: RunEvent[] = [];
  /** Streams that were asked to start after this id. */
  readonly starts: number[] = [];
  /** Of a run on files. */
  data: DataStatistics | undefined;
  judgement: Evaluations | undefined;
  /** While it waits for its turn. */
  queued: { place: number; config: Readonly<Record<string, unknown>> } | undefined;
  /** Why it could not start. */
  error: string | undefined;
  #wake = Promise.withResolvers<void>();
  #cuts = 0;

  constructor(readonly id: string) {}

  append(event: NewEvent, when: string): void {
    this.events.push(eventSchema.parse({ ...event, id: this.events.length + 1, at: when }));
    this.#notify();
  }

  /** Progress events `from` to `to`, with what goes with them. */
  train(from: number, to: number): void {
    if (this.events.length === 0) this.append({ ...startedEvent(this.id), ...startOf(this.data) }, at(0));
    for (let point = from; point <= to; point++) {
      for (const event of [progressEvent(point), ...milestones(point)]) this.append(event, at(point));
    }
  }

  /** The end after progress event `points`, with what is known of a run on files. */
  finish(points: number): void {
    const { judgement } = this;
    const finished = finishedEvent(this.id, points);
    const baseline = {
      validation: { loss: 0.31, accuracy: 0.8725 },
      test: { loss: 0.33, accuracy: 0.8651 },
      seconds: 1.2,
    };
    if (judgement) this.append({ type: "baseline", ...baseline }, at(points));
    const judged = judgement && { ...judgement, baseline, lstm: lstmAlone(judgement.validation) };
    this.append({ ...finished, summary: { ...finished.summary, ...judged } }, at(points + 1));
  }

  act(action: RunAction): boolean {
    const event = { pause: { type: "paused" }, resume: { type: "unpaused" }, stop: undefined } as const;
    this.append(event[action] ?? { type: "stopping", reason: "asked to stop" }, at(this.events.length));
    return true;
  }

  /** Ends every open stream, as a proxy or a restart does. */
  cut(): void {
    this.#cuts++;
    this.#notify();
  }

  async *stream(after: number, signal: AbortSignal): AsyncGenerator<readonly RunEvent[]> {
    const cuts = this.#cuts;
    this.starts.push(after);
    const aborted = () => this.#notify();
    signal.addEventListener("abort", aborted);
    try {
      for (let next = after; !signal.aborted && cuts === this.#cuts;) {
        const event = this.events[next];
        if (!event) await this.#wake.promise;
        else {
          next++;
          yield [event];
          // As the log of a run, which ends with the process that writes it.
          const isEnd = event.type === "finished" || event.type === "failed";
          if (isEnd && next === this.events.length) return;
        }
      }
    } finally {
      signal.removeEventListener("abort", aborted);
    }
  }

  detail(): RunDetail {
    const last = this.events.at(-1);
    const { id, error, queued } = this;
    const common = { id, startedAt: at(0), events: 0, summary: null };
    if (queued) return { ...common, state: "queued", ...queued };
    if (error !== undefined) return { ...common, state: "failed", config: {}, error };
    return {
      ...common,
      state: last?.type === "finished" || last?.type === "failed" ? last.type : "running",
      events: this.events.length,
      config: this.data ? configSchema.parse({ task: "table", data: ["tickets.csv"] }) : configSchema.parse({}),
      summary: last?.type === "finished" ? last.summary : null,
    };
  }

  #notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

/** Services of `runs`, newest first: the array may change while they are in use, and does where runs come and go. */
export function fakeServices(runs: FakeRun[], trains = true): Services {
  const find = (id: string) => runs.find((run) => run.id === id);
  const library: RunLibrary = {
    get current() {
      return runs.find(({ queued, error }) => !queued && error === undefined)?.id ?? "";
    },
    trains,
    list: ({ state, text = "", after, limit } = {}) =>
      Promise.resolve(
        runs.slice(after === undefined ? 0 : 1 + runs.findIndex(({ id }) => id === after))
          .map((run) => run.detail())
          .filter((run) => (state === undefined || run.state === state) && run.id.includes(text))
          .slice(0, limit),
      ),
    start(values) {
      if (!trains) return Promise.resolve("never");
      const place = 1 + runs.filter(({ queued }) => queued).length;
      const run = new FakeRun(`asked-${place}`);
      run.queued = { place, config: values };
      runs.unshift(run);
      return Promise.resolve(run.detail());
    },
    remove(id) {
      runs.splice(runs.findIndex((run) => run.id === id), 1);
      return Promise.resolve("removed");
    },
    get: (id) => Promise.resolve(find(id)?.detail()),
    events(id, after, signal) {
      const run = find(id);
      if (!run) throw new RangeError(`There is no run "${id}"`);
      return run.stream(after, signal);
    },
    data: (id) => Promise.resolve(jsonText(find(id)?.data)),
    judgement: (id) => Promise.resolve(jsonText(find(id)?.judgement)),
    act: (id, action) => find(id)?.act(action) ?? false,
  };
  const predictor = runs[0]?.data ? textPredictor(runs[0].id, runs[0].data) : parityPredictor(runs[0]?.id ?? "");
  return { runs: library, predictor, assets: dashboardAssets(), ready: () => true };
}
