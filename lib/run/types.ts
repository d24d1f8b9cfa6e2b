/** What the world sees of runs and models: plain values, no tensors. */
import type { Summary } from "../events.ts";

/** `interrupted`: the log ends without an end and nobody is training. */
export type RunState = "running" | "paused" | "stopping" | "finished" | "failed" | "interrupted";

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

/** What can be asked of a run that is training. */
export const RUN_ACTIONS = ["pause", "resume", "stop"] as const;
export type RunAction = typeof RUN_ACTIONS[number];
