/** Describes predictions to HTTP, commands and the dashboard: plain values, no tensors. */

import type { AnswerOptions } from "../standalone/answers.ts";
import type { Flags, Input, Prediction, Reader } from "../standalone/types.ts";
import type { Column } from "../formats/columns.ts";
import type { Histogram } from "./histogram.ts";

export type { Flags, Input, Prediction, Reader };

/** The model that answers, as clients see it. */
export interface ModelInfo {
  readonly run: string;
  readonly labels: readonly string[];
  readonly vocabulary: number;
  /** Tokens of the longest sequence. */
  readonly length: number;
  /** True if the model takes texts. */
  readonly text: boolean;
  /** True if a row may have several labels. */
  readonly several?: boolean;
  /** The columns of a row, if the model has several. */
  readonly columns?: readonly Column[] | undefined;
  /** Rounds committed into the weights. */
  readonly round: number;
  /** SHA-256 of the state that those weights are part of. */
  readonly digest: string;
}

/** The properties of a model that are the same for all versions of its weights. */
export type ModelShape = Omit<ModelInfo, "round" | "digest">;

/** All predictions of one answer come from the same weights. */
export interface Answer {
  readonly run: string;
  readonly round: number;
  readonly digest: string;
  readonly predictions: readonly Prediction[];
  /** Milliseconds until the request's batch was sent to be computed, and that the batch took. */
  readonly queueMs: number;
  readonly computeMs: number;
}

export interface PredictOptions extends Omit<AnswerOptions, "threshold"> {
  /** The round whose weights answer, one of `versions()`; without it, the newest. */
  readonly version?: number | undefined;
  /** True for the reasons of each answer, of models of files: an explanation counts as `MOST_VARIANTS` sequences. */
  readonly explain?: boolean | undefined;
  /** Precision of the answers: less confident rows are rejected. 0 rejects none; without it, the model decides. */
  readonly reject?: number | undefined;
  /** Gives up the request's place in the queue when it aborts. Called only if the request waits for a while. */
  readonly signal?: (() => AbortSignal) | undefined;
}

export interface Predictor {
  readonly shape: ModelShape;
  /** Turns the values in requests into inputs. */
  readonly reader: Reader;
  /** Describes the model and the weights that answer now. Throws as `predict` does. */
  model(version?: number): Promise<ModelInfo>;
  /**
   * Predicts inputs that `reader` gave, all with one version of the weights. Throws an Unavailable if the thread cannot
   * answer now, the signal's reason if it aborts, an UnknownVersion if the version is not kept, and an InputError if the
   * model does not reach the precision `reject`.
   */
  predict(inputs: readonly Input[], options?: PredictOptions): Promise<Answer>;
  /** Lists the rounds whose weights can be requested by number, the newest first: the kept checkpoints. */
  versions(): Promise<readonly number[]>;
  /** Returns numbers for monitoring. */
  statistics(): PredictorStatistics;
}

export interface PredictorStatistics {
  /** The full name of the engine, with its kernels. */
  readonly engine: string;
  /** Sequences that wait for their batch. */
  readonly queued: number;
  /** Sequences that are being computed. */
  readonly computing: number;
  /** Sequences of each batch that was sent. */
  readonly batchSizes: Histogram;
  /** How often the thread was replaced. */
  readonly restarts: number;
}

/** Limits the sequences that a request explains: together they take as long as 1024 predictions. */
export const MOST_EXPLAINED = 8;

/** Temporarily unavailable: retry later. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
}

/** The version of the weights does not exist, or is no longer kept. */
export class UnknownVersion extends RangeError {
  override readonly name = "UnknownVersion";
}

export interface PredictorLimits {
  /** Sequences that are computed in one call. */
  readonly batchMax: number;
  /** How long a batch that is not full waits for more requests. */
  readonly batchDelayMs: number;
  /** Sequences that may wait. */
  readonly queueMax: number;
  /** A thread that does not answer within this time is replaced. */
  readonly timeoutMs: number;
}
