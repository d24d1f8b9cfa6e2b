/**
 * The interfaces that the HTTP layer needs from the rest of the process: no tensors, no files, no threads. main.ts passes
 * real ones, tests pass small ones.
 */
import type { ClusterStatus } from "../base/events/cluster_view.ts";
import type { RunEvent } from "../base/events.ts";
import type { OpenedModel } from "../predict/served_model.ts";
import type { ServedModels } from "../predict/served_models.ts";
import type { Notes } from "../config/notes_shape.ts";
import type { Examinations } from "../run/library/examinations.ts";
import type { DataFiles, FilePreview } from "../run/library/data_files.ts";
import type { Admission, Edit, JsonText, Removal, RunAction, RunDetail, RunQuery } from "../run/types.ts";

export interface Runs {
  /** Id of the run that this process trains or serves. */
  readonly current: string;
  /** Is true for a process that trains and accepts more runs, which then has `start` and `remove`. */
  readonly trains: boolean;
  /** Lists runs, newest first. */
  list(query?: RunQuery): Promise<readonly RunDetail[]>;
  get(id: string): Promise<RunDetail | undefined>;
  /** Statistics of the files that run `id` was trained on; undefined for generated data. */
  data(id: string): Promise<JsonText | undefined>;
  /** Metrics of its model on validation and test rows; undefined for generated data, and before the end of training. */
  evaluation(id: string): Promise<JsonText | undefined>;
  /** Examines the labels of the rows of runs. */
  readonly examinations: Pick<Examinations, "state" | "start" | "stop" | "rows">;
  /** Lists the files of rows that a run may name. */
  files?(): Promise<DataFiles>;
  /** Looks at the beginning of such a file; undefined if there is none. Throws an InputError if it has no rows. */
  preview?(name: string): Promise<FilePreview | undefined>;
  /** Queues a run with these config values. Throws an InputError for a wrong value. */
  start?(values: Readonly<Record<string, unknown>>): Promise<Admission>;
  /** Changes the given ones of the name, the note and the tags of run `id`. */
  edit?(id: string, edits: Notes): Promise<Edit>;
  /** Removes run `id` from the queue, or with all its files. */
  remove?(id: string): Promise<Removal>;
  /** Requests `action`. Returns false for a run that does not train in this process, or whose state does not allow it. */
  act(id: string, action: RunAction): boolean;
  /** Reads the events after number `after`, then follows the run until it ends or `signal` aborts; `whole` thins nothing. */
  events(id: string, after: number, signal: AbortSignal, whole: boolean): AsyncIterable<readonly RunEvent[]>;
}

/** A static file of the dashboard. */
export interface Asset {
  readonly body: string;
  /** Content-Type. */
  readonly type: string;
}

/** Progress of training, from its newest events. */
export interface TrainingMetrics {
  readonly round: number;
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly sequencesPerSecond: number;
  readonly incidents: number;
}

/** Services of a process that predicts. */
export interface PredictionServices {
  readonly models: ServedModels;
  /** Opens the finished run of an id for `models`; absent if clients may load none. Throws an InputError for another id. */
  readonly openRun?: (id: string) => Promise<OpenedModel>;
  /** By path: `/`, `/dashboard.js`, …; `/` is the page. */
  readonly assets: ReadonlyMap<string, Asset>;
  /** Present if a run trains in this process; undefined until its first event. */
  readonly training?: () => TrainingMetrics | undefined;
  /** Present if other machines take part in training. */
  readonly cluster?: () => ClusterStatus | undefined;
  /** Returns false once the process was asked to end: a load balancer then sends requests elsewhere. */
  ready(): boolean;
}

/** Services of a process that trains a run, or serves one with its history. */
export interface Services extends PredictionServices {
  readonly runs: Runs;
}
