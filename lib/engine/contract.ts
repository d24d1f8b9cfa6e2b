/**
 * This layer computes gradients, optimizer steps, means and predictions on flat float32 vectors whose layout comes from
 * `model/layout.ts`; the same input gives the same bits every time. It owns no weights, draws no batches, and knows neither
 * shards nor rounds: an engine reads and writes in place what it is given, and is synchronous. Start here with `Engine`, then
 * read `tfjs/forward.ts`, which is the whole model on two screens, and `simd/passes.ts` for the same in fused kernels.
 */
import type { Batch, BatchMetrics } from "../data/batches/batch.ts";
import type { ParameterLayout } from "../model/layout.ts";
import type { ModelSpec } from "../model/spec.ts";
import type { AdamConstants } from "./adam.ts";
import type { DropoutOptions } from "./dropout.ts";
import type { RowParts } from "./row_parts.ts";

/** What every engine is told when it is created. */
export interface CommonOptions {
  readonly spec: ModelSpec;
  /** `parameterLayout(spec)`. */
  readonly layout: ParameterLayout;
  readonly adam: AdamConstants;
  /** What `gradients` drops; nothing if left out. */
  readonly dropout?: DropoutOptions;
  /** `[classes]`: the weight of a row of each class in the loss of `gradients`; all alike if left out. */
  readonly classWeights?: Float32Array | undefined;
  /** The rows of the embedding that `gradients` writes; `dense` if left out. */
  readonly embeddingRows?: EmbeddingRows;
}

/** Largest batches. */
export interface BatchLimits {
  /** Most sequences of a batch. */
  readonly maxBatch: number;
  /** Most tokens of a sequence. */
  readonly maxLength: number;
}

/** Shared memory that holds every array an engine is given, and a part of it that is the engine's own. */
export interface EngineRoom {
  /** Shared. */
  readonly memory: WebAssembly.Memory;
  /** At least `engineScratchBytes(...)` bytes, at a multiple of 64. */
  readonly scratch: { readonly byteOffset: number; readonly byteLength: number };
  /** The scratch of other engines with the same options in this memory, which this one can help. */
  readonly others?: readonly { readonly byteOffset: number }[];
  /** Their threads, which can help this one. */
  readonly helpers?: Helpers;
}

/** What the optimizer moves. Each is `[layout.size]`. */
export interface Replica {
  readonly weights: Float32Array;
  /** Adam's running mean of the gradients. */
  readonly m: Float32Array;
  /** Adam's running mean of the squared gradients. */
  readonly v: Float32Array;
}

/**
 * Says which token vectors a step moves. `dense`: all of them. `lazy`: those of its batch's tokens; the others keep weights,
 * m and v bit for bit, without decay of either (PyTorch's SparseAdam).
 */
export type EmbeddingRows = "lazy" | "dense";

/** One optimizer step over the elements `begin` to `end - 1`. */
export interface UpdateOptions {
  /** Adam's t, from 1. */
  readonly step: number;
  readonly learningRate: number;
  /** The factor that gradients are multiplied with first: 1, or the clipping factor. */
  readonly scale: number;
  readonly begin: number;
  readonly end: number;
  /**
   * If given, the step moves only these rows of the embedding (tokens, each once). It neither touches the others in `into`
   * nor reads them in `gradients`. All other tensors move as usual.
   */
  readonly rows?: Int32Array | undefined;
}

/** A weighted mean: `into[i] = Σ_s coefficients[s] · vectors[s][i]` for i from `begin` to `end - 1`. */
export interface AverageOptions {
  readonly vectors: readonly Float32Array[];
  /** Each vector's weight in the mean; float32. */
  readonly coefficients: Float32Array;
  readonly into: Float32Array;
  readonly begin: number;
  readonly end: number;
  /** Asks for the sum of the squared distances of all vectors from the mean. */
  readonly drift: boolean;
}

/** A weighted mean of some rows of the embedding, where not every shard touched every row. No coefficient is negative. */
export interface AverageRowsOptions extends Omit<AverageOptions, "begin" | "end"> {
  /** Tokens, each once. */
  readonly rows: Int32Array;
  /** `[vector][vocabulary]`: a vector has a row if this is `stamp` there. */
  readonly stamps: readonly Int32Array[];
  readonly stamp: number;
  /** Has the rows that a vector lacks; they are 0 if it is left out. */
  readonly otherwise?: Float32Array;
}

/** One optimizer step of every shard, and the mean of the results. Steps and ranges are those of `UpdateOptions`. */
export interface MeanUpdateOptions extends Omit<UpdateOptions, "scale"> {
  /** `[vector]`: the factor that each gradient is multiplied with first. */
  readonly scales: Float64Array;
  /** `[vector]`: each shard's weight in the mean; float32. */
  readonly coefficients: Float32Array;
  /** `[vector][vocabulary]`: with `rows`, a shard moves a row if this is `stamp` there, and otherwise keeps it. */
  readonly stamps: readonly Int32Array[];
  readonly stamp: number;
}

/** A search for rows that moved in the round `stamp`, or in the one before it. */
export interface FindRowsOptions {
  /** `[vector][row]`: the round that touched each row last, in 32 bits. */
  readonly stamps: readonly Int32Array[];
  readonly stamp: number;
  /** Number of all rows. */
  readonly rows: number;
  /** The rows to look at. */
  readonly among: RowParts;
  /** Room for what is found. */
  readonly list: Int32Array;
}

/** How many rows were found. */
export interface RowsFound {
  /** Some vector has `stamp` for them: `list` begins with them, in the order of `among`. */
  readonly touched: number;
  /** No vector has `stamp` for them, some has the one before it: `list` ends with them, in reverse order. */
  readonly stale: number;
}

/** The threads with an engine in the same memory, as seen by one that leaves a part of its work to the others. */
export interface Helpers {
  /** Says whether one of them may soon have nothing else to do. */
  mayCome(): boolean;
  /** Says whether one of them has nothing else to do now. */
  areHere(): boolean;
  /** Tells those that are idle that there is work. */
  call(): void;
  /** Called again and again while this thread waits for one of them. An error that it throws ends the wait. */
  pause(): void;
}

export interface Engine {
  /** Shown to people and recorded: `tfjs/wasm`, `simd`. */
  readonly name: string;
  /**
   * Promises that `weights` do not change until the next call of `hold`, so that the engine may keep what it derives from
   * them. Without `weights`, and before the first call, all weights may change between two calls.
   */
  hold(weights?: Float32Array): void;
  /**
   * Writes the gradient of the mean cross-entropy of `batch` at `weights` to `out` (`[layout.size]`, gaps 0), and
   * returns the batch's sums before the step. With class weights w the mean is Σ w l / Σ w over the rows, as in PyTorch's
   * CrossEntropyLoss; the sums are not weighted. An engine made for `lazy` rows writes only the rows `rows()` of the
   * embedding and leaves the others unchanged.
   *
   * `draw`, a whole number from 0 to 2^48, selects the masks of dropout (see `dropout.ts`), which the loss includes. Only the
   * first `batch.lengths[row]` tokens of a row are read: an LSTM carries its state past them unchanged, the backward
   * direction begins at the last of them, and pooling sees only them. Throws a RangeError if a length is not from 1 to `batch.length`.
   */
  gradients(weights: Float32Array, batch: Batch, out: Float32Array, draw: number): BatchMetrics;
  /**
   * The distinct tokens of the last batch that went through `gradients`, each once, in the order of their first
   * occurrence in the batch, row by row; padding does not count. A view that holds until the engine's next call with a
   * batch; the caller does not write to it.
   */
  rows(): Int32Array;
  /**
   * Returns the squared L2 norm of `gradients[begin..end)`, each tensor counted `multiplicity` times; with `rows`, only
   * these rows of the embedding. Sums in double precision, in an order that depends on nothing but the arguments.
   */
  squaredNorm(gradients: Float32Array, begin: number, end: number, rows?: Int32Array): number;
  /** Takes a step of AdamW as PyTorch does: reads `from`, writes `into`, which may be the same. */
  update(from: Replica, gradients: Float32Array, into: Replica, options: UpdateOptions): void;
  /**
   * Does `update` with each of `gradients` and then `average` of the replicas, weights and moments, in one pass and with
   * the same bits: reads `from`, writes `into`, which may not be the same.
   */
  updateMean(from: Replica, gradients: readonly Float32Array[], into: Replica, options: MeanUpdateOptions): void;
  /**
   * Takes the weighted mean as a fixed binary tree over the vectors, with the same bits in every engine: see
   * `tree_mean.ts`. Returns Σ (vector - mean)², or 0 without `drift`.
   */
  average(options: AverageOptions): number;
  /** Does `average` of only these rows of the embedding. */
  averageRows(options: AverageRowsOptions): number;
  /** Copies these rows of the embedding (tokens) from one vector to another. */
  copyRows(from: Float32Array, into: Float32Array, rows: Int32Array): void;
  /**
   * Lists the rows that moved in a round, and those that moved only in the round before it. The rest of `list` does not
   * change. Throws a RangeError if `list` is too short for all.
   */
  findRows(options: FindRowsOptions): RowsFound;
  /** Returns class probabilities `[batch.size, classes]`, row-major, in a new array. */
  predict(weights: Float32Array, batch: Batch): Float32Array;
  /** Returns loss and hits of `batch` at `weights`; like `predict`, it drops nothing. */
  evaluate(weights: Float32Array, batch: Batch): BatchMetrics;
  /** Does a part of the work that another thread's engine leaves to its helpers; returns whether there was any. */
  help(): boolean;
}
