import type { Batch } from "./batch.ts";

/**
 * The sequences of a run. Every batch is a pure function of (data set, step, shard): a data set has no position, so any
 * thread can draw any batch at any time.
 */
export interface Dataset {
  /** Class names; a label is a position in this list. */
  readonly labels: readonly string[];
  /** Tokens are from 0 to `vocabulary - 1`. */
  readonly vocabulary: number;
  /** Most tokens of a sequence. */
  readonly length: number;
  /** Number of sequences in the validation set. */
  readonly heldOut: number;
  /**
   * The share of the training rows and the number of validation rows that have a label, of which accuracies are; absent where
   * each has one.
   */
  readonly labelled?: { readonly training: number; readonly heldOut: number };
  /** Weight of each class in the training loss; equal weights if absent. */
  readonly classWeights?: Float32Array;
  /** Returns the most vectors that a batch of at most `size` rows has; absent where batches have none (`Batch.vectors`). */
  mostVectors?(size: number): number;
  /** The most labels of a row; absent where each has one. */
  readonly mostLabels?: number;
  /**
   * Sets `batch` to the rows of `shard` at `step`, which counts from 0 through all epochs. It has at most `batchSize` rows,
   * perhaps none in the last step of an epoch, and the length of its longest row. In each step, shards with rows come
   * before shards without.
   */
  trainingBatch(batch: Batch, step: number, shard: number): void;
  /** Sets `batch` to the validation sequences at the positions `first` to `first + size - 1`. */
  heldOutBatch(batch: Batch, first: number, size: number): void;
  /** Returns the sequences that all shards together have trained on after `steps` steps. */
  sequencesAfter(steps: number): number;
}
