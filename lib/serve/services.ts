/**
 * What the HTTP side needs of the rest, and all it knows of it: no tensors, no files, no threads. The composition root
 * gives real ones, tests give small ones.
 */
import type { RunEvent, Summary } from "../events.ts";

/** `interrupted`: the log ends without an end and nobody is training. */
export type RunState = "running" | "stopping" | "finished" | "failed" | "interrupted";

export interface RunDetail {
  readonly id: string;
  readonly state: RunState;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Position of the newest event in the log. */
  readonly events: number;
  readonly config: Readonly<Record<string, unknown>>;
  /** Once finished. */
  readonly summary: Summary | null;
}

export interface RunLibrary {
  /** The run that this process trains or serves. */
  readonly current: string;
  /** Newest first. */
  list(): Promise<readonly RunDetail[]>;
  get(id: string): Promise<RunDetail | undefined>;
  /**
   * The events of run `id` with an id greater than `after`: history, then live, in order, each once. Ends after the
   * run's last event, or when `signal` aborts. Call `get` first: an unknown run is a RangeError.
   */
  events(id: string, after: number, signal: AbortSignal): AsyncIterable<RunEvent>;
}

export interface ModelInfo {
  readonly run: string;
  readonly labels: readonly string[];
  readonly vocabulary: number;
  /** Tokens of a sequence. */
  readonly length: number;
  /** Rounds committed into the newest weights. */
  readonly round: number;
  /** SHA-256 of the state those weights are part of. */
  readonly digest: string;
}

export interface Prediction {
  /** Position in `labels`. */
  readonly class: number;
  readonly label: string;
  /** One a class, in the order of `labels`; sums to 1. */
  readonly probabilities: readonly number[];
}

/** All predictions of one answer come from the same weights. */
export interface Answer {
  readonly run: string;
  readonly round: number;
  readonly digest: string;
  readonly predictions: readonly Prediction[];
}

export interface Predictor {
  model(): Promise<ModelInfo>;
  /** Sequences are checked before: right length, tokens in range. One version of the weights answers for all. */
  predict(sequences: readonly (readonly number[])[]): Promise<Answer>;
}

/** A static file of the dashboard. */
export interface Asset {
  readonly body: string;
  /** Content-Type. */
  readonly type: string;
}

export interface Services {
  readonly runs: RunLibrary;
  readonly predictor: Predictor;
  /** By path: `/`, `/dashboard.js`, …; `/` is the page. */
  readonly assets: ReadonlyMap<string, Asset>;
  /** Whether requests should be sent here: false from the moment that the process is asked to end. */
  ready(): boolean;
}
