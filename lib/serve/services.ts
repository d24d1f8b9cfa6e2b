/**
 * What the HTTP side needs of the rest, and all it knows of it: no tensors, no files, no threads. The composition root
 * gives real ones, tests give small ones.
 */
import type { ClusterStatus, RunEvent } from "../base/events.ts";
import type { Predictor } from "../predict/types.ts";
import type { Admission, JsonText, Removal, RunAction, RunDetail, RunQuery } from "../run/types.ts";

export interface RunLibrary {
  /** The run that this process trains or serves. */
  readonly current: string;
  /** Whether it trains, and takes more runs: then `start` and `remove` do what they say. */
  readonly trains: boolean;
  /** Newest first. */
  list(query?: RunQuery): Promise<readonly RunDetail[]>;
  get(id: string): Promise<RunDetail | undefined>;
  /** What the files held that run `id` was trained on; nothing where it makes its own data. */
  data(id: string): Promise<JsonText | undefined>;
  /** How its model does on rows that were kept from training; nothing where `data` is, and before its end. */
  judgement(id: string): Promise<JsonText | undefined>;
  /** Puts a run of these config values into the queue, where there is one. Throws an InputError if it may not be. */
  start?(values: Readonly<Record<string, unknown>>): Promise<Admission>;
  /** Removes run `id`, which is there, from the queue or with all its files. */
  remove?(id: string): Promise<Removal>;
  /** Asks the run for `action`. False if it is not training in this process, or not in a state for it. */
  act(id: string, action: RunAction): boolean;
  /**
   * The events of run `id` with an id greater than `after`, in batches: history, then live, in order, each once. Ends
   * after the run's last event, or when `signal` aborts. Unless `whole`, a long history is thinned, and so is what a
   * reader that cannot keep up lacks. Call `get` first: an unknown run is a RangeError.
   */
  events(id: string, after: number, signal: AbortSignal, whole: boolean): AsyncIterable<readonly RunEvent[]>;
}

/** A static file of the dashboard. */
export interface Asset {
  readonly body: string;
  /** Content-Type. */
  readonly type: string;
}

/** How training goes, as its newest events say. */
export interface TrainingFigures {
  readonly round: number;
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly sequencesPerSecond: number;
  readonly incidents: number;
}

export interface Services {
  readonly runs: RunLibrary;
  readonly predictor: Predictor;
  /** By path: `/`, `/dashboard.js`, …; `/` is the page. */
  readonly assets: ReadonlyMap<string, Asset>;
  /** Where a run trains in this process and has progressed. */
  readonly training?: () => TrainingFigures | undefined;
  /** The machines that train the run, where others take part. */
  readonly cluster?: () => ClusterStatus | undefined;
  /** Whether requests should be sent here: false from the moment that the process is asked to end. */
  ready(): boolean;
}
