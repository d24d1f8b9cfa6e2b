/** Applies the events of a run, one after the other, to what is known about it. */
import { counted } from "../base/counted.ts";
import type { EventOf, RunEvent, Summary, WorkerShare } from "../base/events.ts";
import { percent } from "./format.ts";
import { isStopped, meanOf, type Note, PROGRESS, type RunView } from "./run_view.ts";

/** Lists the types of events to listen for. The compiler reports a missing one. */
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
  stream: true,
  stopping: true,
  finished: true,
  failed: true,
};
export const EVENT_TYPES = Object.keys(TYPES);

/** Most notes in the timeline, of checkpoints and of others: thousands of checkpoints must not displace rare notes. */
const CHECKPOINTS = 100;
const OTHERS = 400;

/** Applies `event`. Ignores an event that was applied before, as a restarted stream sends all again. */
export function apply(view: RunView, event: RunEvent): void {
  if (event.id <= view.lastId) return;
  view.lastId = event.id;
  const at = Date.parse(event.at);
  // Training time excludes the time between a stop and a resume.
  if (event.type === "started" || event.type === "resumed") view.origin = at - 1000 * view.seconds;
  else if (Number.isNaN(view.origin)) view.origin = at;
  view.seconds = Math.max(view.seconds, (at - view.origin) / 1000);
  reduce(view, event);
  if (view.end && event.id < view.end.events) showEnd(view, view.end.summary);
  // Its events are from the time when a process trained it.
  if (view.isInterrupted) view.phase = "interrupted";
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
      view.measured = 0;
      if (view.started) {
        const { workers, engine = view.started.engine, epochs } = event;
        const config = { ...view.started.config, ...epochs !== undefined && { epochs } };
        view.started = { ...view.started, config, workers, engine };
      }
      view.round = event.round;
      view.step = event.step;
      setDigest(view, event.digest, event.round);
      return note(
        view,
        event,
        `Resumed after round ${event.round} on ${counted(event.workers, "worker")}` +
          (event.epochs === undefined ? "" : `, for ${counted(event.epochs, "epoch")} in all`),
      );
    case "paused":
      view.phase = "paused";
      return note(view, event, "Paused");
    case "unpaused":
      view.phase = "running";
      return note(view, event, "Resumed");
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
      view.meanWorkers = meansOf(view.meanWorkers, event.workers, ++view.measured);
      return pushProgress(view, event);
    case "epoch":
      place(view, event);
      view.validation = event.heldOut;
      view.evaluated = event.epoch;
      if (event.heldOut.loss < (view.best?.loss ?? Infinity)) {
        view.best = { epoch: event.epoch, loss: event.heldOut.loss };
      }
      return view.epochs.push([event.step, view.seconds, event.heldOut.loss, event.heldOut.accuracy]);
    case "checkpoint":
      setDigest(view, event.digest, event.round);
      return note(view, event, `Checkpoint at round ${event.round.toLocaleString("en-US")}`);
    case "rolledBack":
      return rollBack(view, event);
    case "stream":
      view.stream = event;
      return note(view, event, streamText(event));
    case "baseline":
      view.baseline = event;
      return note(
        view,
        event,
        `Baseline: ${percent(event.validation.accuracy)} of the validation rows, a linear model of n-grams`,
      );
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
  // Rounds that repeat after a crash: validation points of the lost rounds are dropped too.
  if (event.step <= view.progress.last(PROGRESS.step)) view.epochs.cut(event.step + 1);
  view.progress.push([
    event.step,
    view.seconds,
    event.training.loss,
    event.training.accuracy,
    // The last event of a run may cover no round.
    event.sequencesPerSecond || NaN,
    // A logarithmic axis cannot show zero, the drift of one shard.
    event.drift || NaN,
    meanOf(event.workers, "average"),
    meanOf(event.workers, "wait"),
  ]);
}

/** Drops the points after the restored state from the curves. */
function rollBack(view: RunView, event: EventOf<"rolledBack">): void {
  place(view, event);
  view.progress.cut(event.step + 1);
  view.epochs.cut(event.step + 1);
  const to = event.epoch > 0 ? `epoch ${event.epoch}` : "the start";
  note(view, event, `Rolled back to ${to} with learning rate ${event.learningRate}: ${event.reason}`);
}

function finish(view: RunView, event: EventOf<"finished">): void {
  const { summary } = event;
  // The note is added first: its time is that of the event, as for other notes, and not `summary.seconds`.
  const best = summary.best ? `. Best: epoch ${summary.best.epoch}, round ${summary.best.round}` : "";
  note(view, event, `${isStopped(summary) ? "Stopped" : "Finished"}: ${summary.reason}${best}`);
  view.seconds = summary.seconds;
  showEnd(view, summary);
}

/** Shows the results of a run that has ended. */
export function showEnd(view: RunView, summary: Summary): void {
  view.phase = "finished";
  view.summary = summary;
  view.round = summary.rounds;
  view.step = summary.steps;
  view.epoch = summary.epochs;
  // `heldOut` in events of earlier versions has the metrics of the LSTM only.
  view.baseline = summary.baseline ?? view.baseline;
  view.validation = summary.validation ?? summary.heldOut ?? view.validation;
  setDigest(view, summary.digest, summary.best?.round ?? summary.rounds);
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

/** Adds the `newest` shares to the means of `count` - 1 earlier ones. Workers that were replaced start again. */
function meansOf(means: readonly WorkerShare[], newest: readonly WorkerShare[], count: number): WorkerShare[] {
  return newest.map((now, index) => {
    const mean = count > 1 && means[index]?.worker === now.worker ? means[index] : now;
    const of = (key: keyof WorkerShare) => mean[key] + (now[key] - mean[key]) / count;
    return {
      worker: now.worker,
      sequencesPerSecond: of("sequencesPerSecond"),
      compute: of("compute"),
      wait: of("wait"),
      average: of("average"),
    };
  });
}

/** Describes the stream of a run in one line. */
export function streamText({ segment, rows, accuracy, rowsPerSecond, drifts }: EventOf<"stream">): string {
  const drift = drifts.at(-1);
  return [
    `Segment ${segment}: ${counted(rows, "row")}`,
    `${Math.round(rowsPerSecond).toLocaleString("en-US")} rows/s`,
    ...accuracy === null ? [] : [`${percent(accuracy)} right before they were learnt`],
    ...drift === undefined ? [] : [`last drift at row ${drift.toLocaleString("en-US")}`],
  ].join(" - ");
}

/** Ignores an unknown event, which a page that is older than its server may receive. */
function unknown(_event: never): void {}
