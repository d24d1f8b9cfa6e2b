/**
 * What every engine does: gradients, optimizer steps and predictions on flat float32 vectors whose layout comes from
 * `model/layout.ts`. An engine owns no weights; what it is given it reads and writes in place. It is synchronous,
 * and the same input gives the same bits every time.
 */
import type { Batch, BatchMetrics } from "../data/batch.ts";
import type { RowParts } from "./row_parts.ts";

/** What the optimizer moves. Each is `[layout.size]`. */
export interface Replica {
  readonly weights: Float32Array;
  /** Adam's running mean of the gradients. */
  readonly m: Float32Array;
  /** Adam's running mean of the squared gradients. */
  readonly v: Float32Array;
}

/**
 * The two ways with token vectors. `dense`: a step moves all of them. `lazy`: a step moves those of its batch's tokens;
 * the others keep weights, m and v bit for bit, without decay of either (PyTorch's SparseAdam).
 */
export type EmbeddingRows = "lazy" | "dense";

/** One optimizer step over the elements `begin` to `end - 1`. */
export interface UpdateOptions {
  /** Adam's t, from 1. */
  readonly step: number;
  readonly learningRate: number;
  /** What gradients are multiplied with first: 1, or the clipping factor. */
  readonly scale: number;
  readonly begin: number;
  readonly end: number;
  /**
   * If given, the step moves of the embedding only these rows (tokens, each once) and does not touch the others in
   * `into`, nor reads them in `gradients`. All other tensors move as ever.
   */
  readonly rows?: Int32Array | undefined;
}

/** What to average: `into[i] = Σ_s coefficients[s] · vectors[s][i]` for i from `begin` to `end - 1`. */
export interface AverageOptions {
  readonly vectors: readonly Float32Array[];
  /** Each vector's weight in the mean; float32. */
  readonly coefficients: Float32Array;
  readonly into: Float32Array;
  readonly begin: number;
  readonly end: number;
  /** Whether to sum the squared distances of all vectors from the mean. */
  readonly drift: boolean;
}

/**
 * What to average of some rows of the embedding, where not every shard touched every row. No coefficient is negative.
 */
export interface AverageRowsOptions extends Omit<AverageOptions, "begin" | "end"> {
  /** Tokens, each once. */
  readonly rows: Int32Array;
  /** `[vector][vocabulary]`: a vector has a row if this is `stamp` there. */
  readonly stamps: readonly Int32Array[];
  readonly stamp: number;
  /** Has the rows that a vector has not; where it is left out they are 0. */
  readonly otherwise?: Float32Array;
}

/** One optimizer step of every shard, and the mean of what they come to. Steps and ranges as in `UpdateOptions`. */
export interface MeanUpdateOptions extends Omit<UpdateOptions, "scale"> {
  /** `[vector]` what each gradient is multiplied with first. */
  readonly scales: Float64Array;
  /** `[vector]` each shard's weight in the mean; float32. */
  readonly coefficients: Float32Array;
  /** `[vector][vocabulary]`: with `rows`, a shard takes a step of a row if this is `stamp` there, and else keeps it. */
  readonly stamps: readonly Int32Array[];
  readonly stamp: number;
}

/** Where to look for rows that moved in the round `stamp`, or in the one before it. */
export interface FindRowsOptions {
  /** `[vector][row]`: the round that touched each row last, in 32 bits. */
  readonly stamps: readonly Int32Array[];
  readonly stamp: number;
  /** Rows that there are. */
  readonly rows: number;
  /** The ones to look at. */
  readonly among: RowParts;
  /** Room for what is found. */
  readonly list: Int32Array;
}

/** How many rows were found. */
export interface RowsFound {
  /** Some vector has `stamp` for them: `list` begins with them, in the order of `among`. */
  readonly touched: number;
  /** No vector has `stamp` for them, some has the one before it: `list` ends with them, in the order backwards. */
  readonly stale: number;
}

/** Threads that each have an engine in the same memory, as seen by one whose engine leaves a part of its work to others. */
export interface Helpers {
  /** Whether one of them may have nothing else to do before long. */
  mayCome(): boolean;
  /** Whether one of them has nothing else to do now. */
  areHere(): boolean;
  /** Says to whoever is there that there is something to do. */
  call(): void;
  /** Is called while one of them is waited for. What it throws ends the wait. */
  pause(): void;
}

export interface Engine {
  /** For people and for the record: `tfjs/wasm`, `simd`. */
  readonly name: string;
  /**
   * Says that `weights` stay as they are until the next call of this: what an engine has made of them it may then use
   * again. Without `weights`, as before the first call, all may change between two calls.
   */
  hold(weights?: Float32Array): void;
  /**
   * Writes the gradient of the mean cross-entropy of `batch` at `weights` to `out` (`[layout.size]`, gaps 0), and
   * returns the batch's sums before the step. With class weights w the mean is Σ w l / Σ w over the rows, as PyTorch's
   * CrossEntropyLoss has it; the sums are not weighted. An engine made for `lazy` rows writes of the embedding the rows `rows()`
   * alone and leaves the others as they are.
   *
   * `draw`, a whole number from 0 to 2^48, selects the masks of dropout (see `dropout.ts`); the loss is the one with
   * these values dropped. Of each row the first `batch.lengths[row]` tokens are read: an LSTM's state is carried
   * unchanged past them, the backward direction begins at the last of them, and pooling sees only them. Throws a
   * RangeError if a length is not from 1 to `batch.length`.
   */
  gradients(weights: Float32Array, batch: Batch, out: Float32Array, draw: number): BatchMetrics;
  /**
   * The distinct tokens of the last batch that went through `gradients`, each once, in the order of their first
   * occurrence in the batch, row by row; padding does not count. A view that holds until the engine's next call with a
   * batch; the caller does not write to it.
   */
  rows(): Int32Array;
  /**
   * The squared L2 norm of `gradients[begin..end)`, each tensor counted `multiplicity` times. With `rows`, of
   * the embedding these rows alone. Summed in double precision, in an order that depends on the arguments alone.
   */
  squaredNorm(gradients: Float32Array, begin: number, end: number, rows?: Int32Array): number;
  /** AdamW (see `adam.ts`) as PyTorch has it: reads `from`, writes `into`, which may be the same. */
  update(from: Replica, gradients: Float32Array, into: Replica, options: UpdateOptions): void;
  /**
   * What `update` with each of `gradients` and `average` of these replicas come to, with the same bits, for weights and
   * moments: reads `from`, writes `into`, which may not be the same.
   */
  updateMean(from: Replica, gradients: readonly Float32Array[], into: Replica, options: MeanUpdateOptions): void;
  /**
   * The weighted mean as a fixed binary tree over the vectors, the same bits for every engine: see `tree_mean.ts`.
   * Returns Σ (vector - mean)², or 0 without `drift`.
   */
  average(options: AverageOptions): number;
  /** `average` of these rows of the embedding alone. */
  averageRows(options: AverageRowsOptions): number;
  /** Copies these rows of the embedding (tokens) from one vector to another. */
  copyRows(from: Float32Array, into: Float32Array, rows: Int32Array): void;
  /**
   * Lists the rows that moved in a round, and those that moved in the round before it alone. The rest of `list` stays as
   * it is. Throws a RangeError if there is no room in it for all.
   */
  findRows(options: FindRowsOptions): RowsFound;
  /** Class probabilities `[batch.size, classes]`, row-major, in an array of the caller's own. */
  predict(weights: Float32Array, batch: Batch): Float32Array;
  /** Loss and hits of `batch` at `weights`; like `predict`, with nothing dropped. */
  evaluate(weights: Float32Array, batch: Batch): BatchMetrics;
  /** Does a part of what the engine of another thread has left to its helpers; returns whether there was any. */
  help(): boolean;
  dispose(): void;
}
