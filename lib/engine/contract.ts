/**
 * This layer computes gradients, optimizer steps, means and predictions on flat float32 vectors whose layout comes from
 * `model/layout.ts`; the same input gives the same bits every time. It owns no weights, draws no batches, and knows neither
 * shards nor rounds: an engine is synchronous and works in place on the caller's arrays. Start here with `Engine`, then
 * read `tfjs/forward.ts`, which is the whole model on two screens, and `simd/passes.ts` for the same in fused kernels.
 */
import type { InstructionSet } from "../config/kernels.ts";
import type { TrainingConfig } from "../config/schema.ts";
import type { Batch, BatchMetrics } from "../data/batches/batch.ts";
import type { ParameterLayout } from "../model/layout.ts";
import type { ModelSpec } from "../model/spec.ts";
import type { AdamConstants } from "./adam.ts";
import type { DropoutOptions } from "./dropout.ts";

/** Configures an engine. The key `backend` is for tfjs; other engines ignore it. */
export interface EngineOptions extends Pick<TrainingConfig, "engine" | "backend"> {
  readonly spec: ModelSpec;
  /** `parameterLayout(spec)`. */
  readonly layout: ParameterLayout;
  readonly adam: AdamConstants;
  /** Sets the dropout of `gradients`; without it, nothing is dropped. */
  readonly dropout?: DropoutOptions;
  /** `[classes]`: the weight of a row of each class in the loss of `gradients`; without it, all count the same. */
  readonly classWeights?: Float32Array | undefined;
  /** Selects the rows of the embedding that `gradients` writes: `dense` by default. */
  readonly embeddingRows?: EmbeddingRows;
  /** Limits the sequences of a batch. */
  readonly maxBatch: number;
  /** Limits the tokens of a sequence. */
  readonly maxLength: number;
  /** Limits the vectors of a batch that are made of several rows (`Batch.vectors`): none by default. */
  readonly maxVectors?: number;
  /** The native kernels of the engine simd; without them it uses WebAssembly, with the same bits. */
  readonly native?: NativeLibrary | undefined;
}

/** Names native kernels: threads open them by this. */
export interface NativeLibrary {
  readonly path: string;
  readonly set: InstructionSet;
  /** The digest of the sources that the library must be built from. */
  readonly sources: string;
}

/** Gives an engine the shared memory in which its callers' arrays lie, and its own part of it. */
export interface EngineRoom {
  readonly memory: WebAssembly.Memory;
  /** At least `engineScratchBytes(...)` bytes, at a multiple of 64. */
  readonly scratch: { readonly byteOffset: number; readonly byteLength: number };
  /** The scratch of other engines in this memory, with the same options, that this one can help. */
  readonly others?: readonly { readonly byteOffset: number }[];
  /** The threads of the other engines, which can help this one. */
  readonly helpers?: Helpers;
}

/** Holds the vectors that the optimizer moves, each `[layout.size]`. */
export interface Replica {
  readonly weights: Float32Array;
  /** Adam's running mean of the gradients. */
  readonly m: Float32Array;
  /** Adam's running mean of the squared gradients. */
  readonly v: Float32Array;
}

/**
 * Selects the rows of the embedding that a step moves. `dense`: all of them. `lazy`: those of its batch; the others keep
 * weights, m and v bit for bit, without any decay (PyTorch's SparseAdam).
 */
export type EmbeddingRows = "lazy" | "dense";

/** Describes an optimizer step over the elements `begin` to `end - 1`. */
export interface UpdateOptions {
  /** Adam's t, from 1. */
  readonly step: number;
  readonly learningRate: number;
  /** The first factor of gradients: 1, or the clipping factor. */
  readonly scale: number;
  readonly begin: number;
  readonly end: number;
  /**
   * Limits the step to these rows of the embedding (tokens, each once). It neither touches the other rows in `into` nor
   * reads them in `gradients`. All other tensors move as usual.
   */
  readonly rows?: Int32Array | undefined;
}

/** Describes a weighted mean: `into[i] = Σ_s coefficients[s] · vectors[s][i]` for i from `begin` to `end - 1`. */
export interface AverageOptions {
  readonly vectors: readonly Float32Array[];
  /** The weight of each vector, float32. */
  readonly coefficients: Float32Array;
  readonly into: Float32Array;
  readonly begin: number;
  readonly end: number;
  /** Requests the sum of the squared distances of all vectors from the mean. */
  readonly drift: boolean;
}

/** Describes a weighted mean of some rows of the embedding, if not every shard touched every row. No coefficient is negative. */
export interface AverageRowsOptions extends Omit<AverageOptions, "begin" | "end"> {
  /** Tokens, each once. */
  readonly rows: Int32Array;
  /** `[vector][vocabulary]`: a vector has a row if this is `stamp` there. */
  readonly stamps: readonly Int32Array[];
  readonly stamp: number;
  /** Has the rows that a vector lacks; without it, they are 0. */
  readonly otherwise?: Float32Array;
}

/** Describes an optimizer step of every shard and the mean of the results. Steps and ranges are those of `UpdateOptions`. */
export interface MeanUpdateOptions extends Omit<UpdateOptions, "scale"> {
  /** `[vector]`: the first factor of each gradient. */
  readonly scales: Float64Array;
  /** `[vector]`: the weight of each shard, float32. */
  readonly coefficients: Float32Array;
  /** `[vector][vocabulary]`: with `rows`, a shard moves a row if this is `stamp` there, and otherwise keeps it. */
  readonly stamps: readonly Int32Array[];
  readonly stamp: number;
}

/**
 * Selects rows by slices: row r belongs to slice ⌊r / block⌋ mod slices, and the slices first, first + step, … are selected,
 * in this order, with ascending rows in each. `block`, `slices` and `step` are at least 1.
 */
export interface RowSlices {
  readonly block: number;
  readonly slices: number;
  readonly first: number;
  readonly step: number;
}

/** Describes a search for the rows that moved in the round `stamp`, or in the one before it. */
export interface FindRowsOptions {
  /** `[vector][row]`: the round that touched each row last, in 32 bits. */
  readonly stamps: readonly Int32Array[];
  readonly stamp: number;
  /** Counts all rows. */
  readonly rows: number;
  /** The rows to search. */
  readonly among: RowSlices;
  /** Receives the rows found. */
  readonly list: Int32Array;
}

/** Counts the rows found. */
export interface RowsFound {
  /** Counts those for which a vector has `stamp`: `list` begins with them, in the order of `among`. */
  readonly touched: number;
  /** Counts those for which no vector has `stamp`, but one the round before: `list` ends with them, in reverse order. */
  readonly stale: number;
}

/** Represents the other threads with an engine in the same memory to one that shares work with them. */
export interface Helpers {
  /** Returns whether one of them may be idle soon. */
  mayCome(): boolean;
  /** Returns whether one of them is idle. */
  areHere(): boolean;
  /** Wakes the idle ones for new work. */
  call(): void;
  /** Runs repeatedly while this thread waits for one of them. An error that it throws ends the wait. */
  pause(): void;
}

export interface Engine {
  /** Names the engine in output and records: `tfjs/wasm`, `simd`. */
  readonly name: string;
  /**
   * Promises that `weights` do not change until the next call of `hold`, so that the engine may keep data that it derives
   * from them. Without `weights`, and before the first call, all weights may change between two calls.
   */
  hold(weights?: Float32Array): void;
  /**
   * Writes the gradient of the mean cross-entropy of `batch` at `weights` to `out` (`[layout.size]`, gaps 0), and
   * returns the batch's sums before the step. Where sequences may have several labels, the cross-entropy of a sequence is the
   * sum of the binary ones of all labels. With class weights w the mean is Σ w l / Σ w over the rows, as in PyTorch's
   * CrossEntropyLoss; the sums are not weighted. With `lazy` rows it writes only the rows `rows()` of the embedding and
   * leaves the others unchanged.
   *
   * `draw`, a whole number from 0 to 2^48, selects the masks of dropout (see `dropout.ts`), which the loss includes. Only the
   * first `batch.lengths[row]` tokens of a row are read: an LSTM carries its state past them unchanged, the backward
   * direction begins at the last of them, and pooling sees only them. Throws a RangeError if a length is not from 1 to `batch.length`.
   */
  gradients(weights: Float32Array, batch: Batch, out: Float32Array, draw: number): BatchMetrics;
  /**
   * Returns the distinct tokens of the last batch of `gradients`, in the order of their first occurrence in the batch, row
   * by row; padding does not count. Of a batch with `vectors` it returns the distinct rows that these are made of, in
   * their order. The view is valid until the engine's next call with a batch, and read-only.
   */
  rows(): Int32Array;
  /**
   * Returns the squared L2 norm of `gradients[begin..end)`, each tensor counted `multiplicity` times; with `rows`, only
   * these rows of the embedding. Sums in double precision, in an order that depends only on the arguments.
   */
  squaredNorm(gradients: Float32Array, begin: number, end: number, rows?: Int32Array): number;
  /** Takes a step of AdamW as PyTorch does: reads `from`, writes `into`, which may be the same. */
  update(from: Replica, gradients: Float32Array, into: Replica, options: UpdateOptions): void;
  /**
   * Does `update` with each of `gradients` and then `average` of the replicas, weights and moments, in one pass and with
   * the same bits: reads `from`, writes `into`, which must not be the same.
   */
  updateMean(from: Replica, gradients: readonly Float32Array[], into: Replica, options: MeanUpdateOptions): void;
  /**
   * Computes the weighted mean as a fixed binary tree over the vectors, with the same bits in every engine: see
   * `tree_mean.ts`. Returns Σ (vector - mean)², or 0 without `drift`.
   */
  average(options: AverageOptions): number;
  /** Does `average` of only these rows of the embedding. */
  averageRows(options: AverageRowsOptions): number;
  /** Copies these rows of the embedding (tokens) from one vector to another. */
  copyRows(from: Float32Array, into: Float32Array, rows: Int32Array): void;
  /**
   * Lists the rows that moved in a round, and those that moved only in the round before it. Leaves the rest of `list`
   * unchanged. Throws a RangeError if `list` is too short.
   */
  findRows(options: FindRowsOptions): RowsFound;
  /** Returns the probabilities of all classes, `[batch.size, classes]`, row-major, in a new array. */
  predict(weights: Float32Array, batch: Batch): Float32Array;
  /** Returns loss and hits of `batch` at `weights`, like `predict` without dropout. */
  evaluate(weights: Float32Array, batch: Batch): BatchMetrics;
  /** Does a piece of work that another thread's engine shares; returns whether there was any. */
  help(): boolean;
}
