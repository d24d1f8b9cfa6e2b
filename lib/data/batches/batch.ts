/**
 * A batch: the one shape in which data reaches an engine. Rows are right-padded to `length` with any tokens: what lies
 * past a row's own length is never read.
 */
export interface Batch {
  /** Number of sequences in use; the arrays may hold more. */
  size: number;
  /** Time steps of every row. */
  length: number;
  /** `[size, length]`, row-major; each token is from 0 to vocabulary - 1. */
  readonly tokens: Int32Array;
  /** `[size]`: how many tokens of each row are real, from 1 to `length`. */
  readonly lengths: Int32Array;
  /** `[size]`: each row's class. */
  readonly labels: Int32Array;
}

/** Words (4 bytes) that a batch of at most `size` rows of at most `length` tokens takes. */
export function batchWords(size: number, length: number): number {
  return size * (length + 2);
}

/** A batch laid over `words` (of `batchWords(size, length)` elements, or fresh ones): tokens, then lengths, then labels. */
export function createBatch(
  size: number,
  length: number,
  words: Int32Array = new Int32Array(batchWords(size, length)),
): Batch {
  return {
    size,
    length,
    tokens: words.subarray(0, size * length),
    lengths: words.subarray(size * length, size * (length + 1)),
    labels: words.subarray(size * (length + 1), size * (length + 2)),
  };
}

/** Sums over the sequences of one or more batches, in the form that adds up exactly once per sequence. */
export interface BatchMetrics {
  /** Sum of the cross-entropies, in nats. */
  lossSum: number;
  /** Sequences whose most probable class is their label. */
  correct: number;
}
