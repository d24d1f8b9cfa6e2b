/** Describes all that is known about one run: `apply` of run_events.ts fills it from the run's events. */
import type { EventOf, Metrics, RunEvent, Summary, WorkerShare } from "../base/events.ts";
import { Table } from "./table.ts";

export type Phase = "waiting" | "queued" | "running" | "paused" | "stopping" | "finished" | "failed" | "interrupted";

/** Columns of `RunView.progress`. */
export const PROGRESS = { step: 0, seconds: 1, loss: 2, accuracy: 3, rate: 4, drift: 5, average: 6, wait: 7 } as const;
/** Columns of `RunView.epochs`. */
export const EPOCHS = { step: 0, seconds: 1, loss: 2, accuracy: 3 } as const;

export interface Note {
  readonly id: number;
  readonly kind: Exclude<RunEvent["type"], "progress" | "epoch" | "cluster">;
  /** Training time at the event. */
  readonly seconds: number;
  /** Time of the event, ISO 8601. */
  readonly at: string;
  readonly text: string;
}

export interface RunView {
  readonly run: string;
  /** The name that its user gave it. */
  name: string | undefined;
  phase: Phase;
  /** True if no process trains the run, which its events do not contain. */
  isInterrupted: boolean;
  /** Place in the queue; undefined for a run that is not queued. */
  place: number | undefined;
  /** Id of the newest event that was applied. */
  lastId: number;
  /** Number of progress events that were applied. */
  points: number;
  started: EventOf<"started"> | undefined;
  /** The config from the run's own file: events of earlier versions have other values for runs on files. */
  config: Readonly<Record<string, unknown>>;
  round: number;
  step: number;
  epoch: number;
  digest: string;
  /** The round of `digest`. */
  digestRound: number;
  training: Metrics | undefined;
  validation: Metrics | undefined;
  /** Metrics of a linear model of n-grams. */
  baseline: Pick<EventOf<"baseline">, "validation" | "test"> | undefined;
  /** The stream that the run learns from, if it does. */
  stream: EventOf<"stream"> | undefined;
  /** The newest epoch that was evaluated. */
  evaluated: number;
  /** The evaluated epoch with the lowest validation loss. */
  best: { readonly epoch: number; readonly loss: number } | undefined;
  workers: readonly WorkerShare[];
  /** Means of `workers` over all events since the run was started or resumed. */
  meanWorkers: readonly WorkerShare[];
  /** Number of events in `meanWorkers`. */
  measured: number;
  /** The machines of the run, if it has several. */
  cluster: EventOf<"cluster"> | undefined;
  summary: Summary | undefined;
  /** The end as the server knows it, before its event is here. */
  end: { readonly events: number; readonly summary: Summary } | undefined;
  /** Newest first. */
  notes: readonly Note[];
  /** Training time in seconds at the newest event. */
  seconds: number;
  /** Epoch milliseconds of second 0. */
  origin: number;
  readonly progress: Table;
  readonly epochs: Table;
}

export function createView(run: string): RunView {
  return {
    run,
    name: undefined,
    phase: "waiting",
    isInterrupted: false,
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
    validation: undefined,
    baseline: undefined,
    stream: undefined,
    evaluated: 0,
    best: undefined,
    workers: [],
    meanWorkers: [],
    measured: 0,
    cluster: undefined,
    summary: undefined,
    end: undefined,
    notes: [],
    seconds: 0,
    origin: NaN,
    progress: new Table(Object.keys(PROGRESS).length, 2),
    epochs: new Table(Object.keys(EPOCHS).length, 2),
  };
}

/** Reasons of a stop. A stopped run can be resumed. */
const STOPPED: readonly string[] = ["asked to stop", "time is up"];

export function isStopped(summary: { readonly reason: string } | null | undefined): boolean {
  return summary !== null && summary !== undefined && STOPPED.includes(summary.reason);
}

/** Returns true for an incident, a rollback or a failure. */
export function isIncident({ kind }: Note): boolean {
  return kind === "incident" || kind === "rolledBack" || kind === "failed";
}

export function meanOf(workers: readonly WorkerShare[], share: "compute" | "average" | "wait"): number {
  return workers.reduce((sum, worker) => sum + worker[share], 0) / workers.length;
}

/** Returns the run's config. */
export function settings({ started, config }: Pick<RunView, "started" | "config">): Readonly<Record<string, unknown>> {
  return { ...started?.config, ...config };
}

/** Returns a number of the config. */
export function setting(view: RunView, key: string): number | undefined {
  const value = settings(view)[key];
  return typeof value === "number" ? value : undefined;
}
