import type { Batch } from "./batch.ts";

/**
 * What a run is trained on. Every batch is a pure function of (data set, step, shard): there is no position, so any thread
 * can draw any of them, and draw it again.
 */
export interface Dataset {
  /** Class names; a label is a position in this list. */
  readonly labels: readonly string[];
  /** Tokens are from 0 to `vocabulary - 1`. */
  readonly vocabulary: number;
  /** Tokens of the longest sequence. */
  readonly length: number;
  /** Number of held-out sequences. */
  readonly heldOut: number;
  /** Each class's weight in the loss of training; all alike if left out. */
  readonly classWeights?: Float32Array;
  /**
   * Sets `batch` to what `shard` learns from at `step` (from 0, through all epochs): its size, which is at most
   * `batchSize` and may be 0 in the last step of an epoch, the length of its longest row, and the rows. In each step the
   * shards that have rows come before those that have none.
   */
  trainingBatch(batch: Batch, step: number, shard: number): void;
  /** Sets `batch` to the held-out sequences at the positions `first` to `first + size - 1`. */
  heldOutBatch(batch: Batch, first: number, size: number): void;
  /** Which held-out sequence, by its place in the data, is at `position`. */
  heldOutIndex(position: number): number;
  /** Sequences that all shards together have learnt from after `steps` steps. */
  sequencesAfter(steps: number): number;
}
