/** What the world sees of a model that predicts: plain values, no tensors. */

import type { ReadingRules } from "../config/data_shape.ts";
import type { Histogram } from "./histogram.ts";

/**
 * What the model is asked about, checked but not yet read: a text, or tokens, which are names for a model with a
 * vocabulary of its own and ids for any other.
 */
export type Input = string | readonly string[] | readonly number[];

/** Checks what is asked of a model: see reader.ts. */
export interface Reader {
  /** Whether it takes texts, and tokens by what they are called; else tokens are ids. */
  readonly text: boolean;
  /** By which it reads rows, and numbers among tokens. */
  readonly rules: ReadingRules;
  /** Throws an InputError that calls the value `field`. */
  readTokens(value: unknown, field: string): Input;
  /** Throws an InputError that calls the value `field`. */
  readText(value: unknown, field: string): Input;
}

/** What a model with a vocabulary of its own tells of an input. */
export interface Flags {
  /** Share of the tokens that the model does not know. */
  readonly unknownShare: number;
  /** Whether some tokens were cut off. */
  readonly truncated: boolean;
}

/** The model that answers, as clients see it. */
export interface ModelInfo {
  readonly run: string;
  readonly labels: readonly string[];
  readonly vocabulary: number;
  /** Tokens of the longest sequence. */
  readonly length: number;
  /** Whether it takes texts. */
  readonly text: boolean;
  /** Rounds committed into the weights. */
  readonly round: number;
  /** SHA-256 of the state that those weights are part of. */
  readonly digest: string;
}

/** The properties of a model that are the same for all versions of its weights. */
export type ModelShape = Omit<ModelInfo, "round" | "digest">;

export interface Prediction extends Partial<Flags> {
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
  /** Milliseconds until the request's batch was sent to be computed, and that the batch took. */
  readonly queueMs: number;
  readonly computeMs: number;
}

export interface PredictOptions {
  /** The round whose weights answer, one of `versions()`; without it, the newest. */
  readonly version?: number | undefined;
  /** Gives up the request's place in the queue when it aborts. Asked for only if the request waits for a while. */
  readonly signal?: (() => AbortSignal) | undefined;
}

export interface Predictor {
  readonly shape: ModelShape;
  /** From what requests hold to what `predict` takes. */
  readonly reader: Reader;
  /** Which weights answer now. Throws as `predict` does. */
  model(version?: number): Promise<ModelInfo>;
  /**
   * Inputs come from `reader`. One version of the weights answers for all. Throws an Unavailable if nobody can answer now,
   * the signal's reason if it aborts, an UnknownVersion if there is none.
   */
  predict(inputs: readonly Input[], options?: PredictOptions): Promise<Answer>;
  /** Rounds whose weights can be asked for by number, the newest first: the checkpoints that are kept. */
  versions(): Promise<readonly number[]>;
  /** For the record: what it does now, and what it did. */
  figures(): PredictorFigures;
}

export interface PredictorFigures {
  /** Sequences that wait for their batch. */
  readonly queued: number;
  /** Sequences that are being computed. */
  readonly computing: number;
  /** Sequences of each batch that was sent. */
  readonly batchSizes: Histogram;
  /** Times that its thread was replaced. */
  readonly restarts: number;
}

/** Nobody can answer now; it is worth while to come back. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
}

/** There is no such version of the weights, or no more. */
export class UnknownVersion extends RangeError {
  override readonly name = "UnknownVersion";
}

export interface PredictorLimits {
  /** Sequences that are computed in one call. */
  readonly batchMax: number;
  /** How long a batch that is not full waits for more. */
  readonly batchDelayMs: number;
  /** Sequences that may wait. */
  readonly queueMax: number;
  /** A thread that does not answer for so long is replaced. */
  readonly timeoutMs: number;
}
