/** All that the page knows of one run, and how each event changes it. No DOM. */
import { counted } from "../../lib/base/counted.ts";
import type { EventOf, Metrics, RunEvent, Summary, WorkerShare } from "../../lib/base/events.ts";
import { Table } from "../page/table.ts";

export type Phase = "waiting" | "queued" | "running" | "paused" | "stopping" | "finished" | "failed" | "interrupted";

/** Columns of `RunView.progress`. */
export const PROGRESS = { step: 0, seconds: 1, loss: 2, accuracy: 3, rate: 4, drift: 5, average: 6, wait: 7 } as const;
/** Columns of `RunView.epochs`. */
export const EPOCHS = { step: 0, seconds: 1, loss: 2, accuracy: 3 } as const;

/** A list that the compiler completes: a type of event that is missing here is one that no stream is asked for. */
const TYPES: Readonly<Record<RunEvent["type"], true>> = {
  started: true,
  progress: true,
  epoch: true,
  checkpoint: true,
  rolledBack: true,
  resumed: true,
  paused: true,
  unpaused: true,
  incident: true,
  cluster: true,
  baseline: true,
  stopping: true,
  finished: true,
  failed: true,
};
export const EVENT_TYPES = Object.keys(TYPES);

/** Notes kept for the timeline: a long run has thousands of checkpoints, which must not push out what is rare. */
const CHECKPOINTS = 100;
const OTHERS = 400;

export interface Note {
  readonly id: number;
  readonly kind: Exclude<RunEvent["type"], "progress" | "epoch" | "cluster">;
  /** Of the run, when it happened. */
  readonly seconds: number;
  /** ISO 8601. */
  readonly at: string;
  readonly text: string;
}

export interface RunView {
  readonly run: string;
  phase: Phase;
  /** In the queue; undefined unless it is there. */
  place: number | undefined;
  /** Id of the newest event applied. */
  lastId: number;
  /** Progress events applied. */
  points: number;
  started: EventOf<"started"> | undefined;
  /** What is trained, as the run's own file says: the logs of old runs on files have other values. */
  config: Readonly<Record<string, unknown>>;
  round: number;
  step: number;
  epoch: number;
  digest: string;
  /** The round that `digest` is of. */
  digestRound: number;
  training: Metrics | undefined;
  heldOut: Metrics | undefined;
  /** What a linear model of n-grams makes of the held-out rows. */
  baseline: Metrics | undefined;
  /** The evaluated epoch with the lowest held-out loss. */
  best: { readonly epoch: number; readonly loss: number } | undefined;
  workers: readonly WorkerShare[];
  /** The machines of the run, where there are others. */
  cluster: EventOf<"cluster"> | undefined;
  summary: Summary | undefined;
  /** Newest first. */
  notes: readonly Note[];
  /** Seconds of training at the newest event. */
  seconds: number;
  /** Epoch milliseconds of second 0 and of the newest event. */
  origin: number;
  lastAt: number;
  readonly progress: Table;
  readonly epochs: Table;
}

export function createView(run: string): RunView {
  return {
    run,
    phase: "waiting",
    place: undefined,
    lastId: 0,
    points: 0,
    started: undefined,
    config: {},
    round: 0,
    step: 0,
    epoch: 0,
    digest: "",
    digestRound: 0,
    training: undefined,
    heldOut: undefined,
    baseline: undefined,
    best: undefined,
    workers: [],
    cluster: undefined,
    summary: undefined,
    notes: [],
    seconds: 0,
    origin: NaN,
    lastAt: NaN,
    progress: new Table(Object.keys(PROGRESS).length, 2),
    epochs: new Table(Object.keys(EPOCHS).length, 2),
  };
}

/** Applies `event` once: one that was applied before (a stream that starts again sends all) changes nothing. */
export function apply(view: RunView, event: RunEvent): void {
  if (event.id <= view.lastId) return;
  view.lastId = event.id;
  const at = Date.parse(event.at);
  // A run that is taken up again goes on where its time stopped: the hours in between are nobody's training.
  if (event.type === "started" || event.type === "resumed") view.origin = at - 1000 * view.seconds;
  else if (Number.isNaN(view.origin)) view.origin = at;
  view.lastAt = at;
  view.seconds = Math.max(view.seconds, (at - view.origin) / 1000);
  reduce(view, event);
}

function reduce(view: RunView, event: RunEvent): void {
  switch (event.type) {
    case "started":
      view.started = event;
      view.phase = "running";
      setDigest(view, event.digest, view.round);
      return note(view, event, `Started on ${counted(event.workers, "worker")}`);
    case "resumed":
      view.phase = "running";
      view.summary = undefined;
      setDigest(view, event.digest, event.round);
      return note(view, event, `Resumed after round ${event.round} on ${counted(event.workers, "worker")}`);
    case "paused":
      view.phase = "paused";
      return note(view, event, "Paused");
    case "unpaused":
      view.phase = "running";
      return note(view, event, "Went on");
    case "incident":
      return note(view, event, event.member === undefined ? event.message : `${event.member}: ${event.message}`);
    case "cluster":
      view.cluster = event;
      return;
    case "progress":
      view.points++;
      place(view, event);
      view.training = event.training;
      view.workers = event.workers;
      return pushProgress(view, event);
    case "epoch":
      place(view, event);
      view.heldOut = event.heldOut;
      if (event.heldOut.loss < (view.best?.loss ?? Infinity)) {
        view.best = { epoch: event.epoch, loss: event.heldOut.loss };
      }
      return view.epochs.push([event.step, view.seconds, event.heldOut.loss, event.heldOut.accuracy]);
    case "checkpoint":
      setDigest(view, event.digest, event.round);
      return note(view, event, `Checkpoint at round ${event.round.toLocaleString("en-US")}`);
    case "rolledBack":
      return rollBack(view, event);
    case "baseline":
      view.baseline = event.validation;
      return note(view, event, `Baseline: n-grams reach ${(100 * event.validation.accuracy).toFixed(2)} % held-out`);
    case "stopping":
      view.phase = "stopping";
      return note(view, event, `Stopping: ${event.reason}`);
    case "finished":
      return finish(view, event);
    case "failed":
      view.phase = "failed";
      return note(view, event, `Failed: ${event.error}`);
    default:
      return unknown(event);
  }
}

function place(view: RunView, event: EventOf<"progress" | "epoch" | "rolledBack">): void {
  view.round = event.round;
  view.step = event.step;
  view.epoch = event.epoch;
}

function pushProgress(view: RunView, event: EventOf<"progress">): void {
  // Rounds that are done again after a crash: held-out points of the lost future go too.
  if (event.step <= view.progress.last(PROGRESS.step)) view.epochs.cut(event.step + 1);
  view.progress.push([
    event.step,
    view.seconds,
    event.training.loss,
    event.training.accuracy,
    event.sequencesPerSecond,
    // Zero (one shard) has no place on a logarithmic axis.
    event.drift || NaN,
    meanOf(event.workers, "average"),
    meanOf(event.workers, "wait"),
  ]);
}

/** What was trained after the restored state is gone from the curves. */
function rollBack(view: RunView, event: EventOf<"rolledBack">): void {
  place(view, event);
  view.progress.cut(event.step + 1);
  view.epochs.cut(event.step + 1);
  const to = event.epoch > 0 ? `epoch ${event.epoch}` : "the start";
  note(view, event, `Rolled back to ${to} with learning rate ${event.learningRate}: ${event.reason}`);
}

function finish(view: RunView, event: EventOf<"finished">): void {
  const { summary } = event;
  // At its place among the others, which count to the end and not only the training.
  const ending = summary.best ? `, with the best state, of epoch ${summary.best.epoch}` : "";
  note(view, event, `${isStopped(summary) ? "Stopped" : "Finished"}: ${summary.reason}${ending}`);
  view.phase = "finished";
  view.summary = summary;
  view.seconds = summary.seconds;
  view.round = summary.rounds;
  view.step = summary.steps;
  view.epoch = summary.epochs;
  // The logs of old runs have the LSTM's held-out figures.
  view.heldOut = summary.validation ?? summary.heldOut ?? view.heldOut;
  setDigest(view, summary.digest, summary.best?.round ?? summary.rounds);
}

/** Ends of a run that can be resumed: it was told to stop before it was done. */
const STOPPED: readonly string[] = ["asked to stop", "time is up"];

export function isStopped(summary: { readonly reason: string } | null | undefined): boolean {
  return summary !== null && summary !== undefined && STOPPED.includes(summary.reason);
}

function setDigest(view: RunView, digest: string, round: number): void {
  view.digest = digest;
  view.digestRound = round;
}

function note(view: RunView, event: EventOf<Note["kind"]>, text: string): void {
  const added = { id: event.id, kind: event.type, seconds: view.seconds, at: event.at, text };
  const isCheckpoint = ({ kind }: Note) => kind === "checkpoint";
  const alike = view.notes.filter((other) => isCheckpoint(other) === isCheckpoint(added));
  const oldest = alike.length >= (isCheckpoint(added) ? CHECKPOINTS : OTHERS) ? alike.at(-1) : undefined;
  view.notes = [added, ...view.notes.filter((other) => other !== oldest)];
}

/** Whether `note` tells of something that went wrong. */
export function isIncident({ kind }: Note): boolean {
  return kind === "incident" || kind === "rolledBack" || kind === "failed";
}

export function meanOf(workers: readonly WorkerShare[], share: "compute" | "average" | "wait"): number {
  return workers.reduce((sum, worker) => sum + worker[share], 0) / workers.length;
}

/** A page that is older than its server may see events that it does not know: it goes on without them. */
function unknown(_event: never): void {}

/**
 * Sequences a second over the last seconds of training (of the whole run once it has finished): the newest figure
 * alone covers few rounds and jumps.
 */
export function recentRate(view: RunView, seconds = 5): number | undefined {
  if (view.summary) return view.summary.sequencesPerSecond;
  const times = view.progress.column(PROGRESS.seconds);
  const rates = view.progress.column(PROGRESS.rate);
  let sequences = 0;
  let covered = 0;
  for (let row = times.length - 1; row >= 0 && covered < seconds; row--) {
    const span = (times[row] ?? 0) - (times[row - 1] ?? 0);
    sequences += span * (rates[row] ?? 0);
    covered += span;
  }
  return covered > 0 ? sequences / covered : undefined;
}

/** The run's config. */
export function settings({ started, config }: Pick<RunView, "started" | "config">): Readonly<Record<string, unknown>> {
  return { ...started?.config, ...config };
}

/** A number of it. */
export function setting(view: RunView, key: string): number | undefined {
  const value = settings(view)[key];
  return typeof value === "number" ? value : undefined;
}
