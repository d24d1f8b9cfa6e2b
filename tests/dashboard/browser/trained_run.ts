/** Makes events of a plausible run: curves of loss and accuracy, epochs, checkpoints and an end. */
import type { NewEvent, Summary } from "../../../lib/base/events.ts";
import type { DataStatistics } from "../../../lib/data/statistics.ts";
import type { Evaluations } from "../../../lib/model/evaluation.ts";
import { configSchema } from "../../../lib/config/schema.ts";
import { FakeRun } from "../../serve/fakes.ts";
import { DIGEST } from "./fake_predictors.ts";

/** Number of progress events per epoch. */
export const EPOCH = 20;

const START = Date.parse("2026-01-02T03:04:05.000Z");

/** Returns the time of progress event `point`: one every 400 ms. */
export function at(point: number): string {
  return new Date(START + 400 * point).toISOString();
}

/** Returns the data part of the started event of a run on files. */
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

/** Returns the loss at `point`, from ln 2 down to almost 0. */
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

/** Returns the events after progress event `point`: an epoch's end, and a checkpoint at every third one. */
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
      reason: "target accuracy reached",
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

/** Returns the metrics of the LSTM without the n-grams: a little worse than those of both. */
function lstmOnly({ rows, loss, accuracy, macroF1, calibrationError }: Evaluations["validation"]): Summary["lstm"] {
  const metrics = { rows, loss: 1.1 * loss, accuracy: 0.98 * accuracy, macroF1, calibrationError };
  return { share: 0.6, validation: metrics, test: metrics };
}

/** A run whose events draw curves. */
export class TrainedRun extends FakeRun {
  override config: FakeRun["config"] = configSchema.parse({});

  /** Makes it a run on files with these statistics. */
  readFiles(data: DataStatistics): void {
    this.data = data;
    this.config = configSchema.parse({ task: "table", data: ["tickets.csv"] });
  }

  /** Appends progress events `from` to `to`, and the start, epochs and checkpoints between them. */
  train(from: number, to: number): void {
    if (this.events.length === 0) this.record({ ...startedEvent(this.id), ...startOf(this.data) }, at(0));
    for (let point = from; point <= to; point++) {
      for (const event of [progressEvent(point), ...milestones(point)]) this.record(event, at(point));
    }
  }

  /** Appends the end after progress event `points`, with the evaluation of a run on files. */
  finish(points: number, change: Partial<Summary> = {}): void {
    const { evaluation } = this;
    const finished = finishedEvent(this.id, points);
    const baseline = {
      validation: { loss: 0.31, accuracy: 0.8725 },
      test: { loss: 0.33, accuracy: 0.8651 },
      seconds: 1.2,
      refitRows: 4033,
    };
    if (evaluation) this.record({ type: "baseline", ...baseline }, at(points));
    const evaluated = evaluation && { ...evaluation, baseline, lstm: lstmOnly(evaluation.validation) };
    this.record({ ...finished, summary: { ...finished.summary, ...evaluated, ...change } }, at(points + 1));
  }
}
