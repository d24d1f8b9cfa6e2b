/**
 * The only shape in which data reaches an engine. Rows are right-padded to `length` with any tokens; padding is never
 * read.
 */
export interface Batch {
  /** Number of sequences in use; the arrays may have room for more. */
  size: number;
  /** Time steps of every row. */
  length: number;
  /** `[size, length]`, row-major; each token is from 0 to vocabulary - 1. */
  readonly tokens: Int32Array;
  /** `[size]`: number of tokens of each row without padding, from 1 to `length`. */
  readonly lengths: Int32Array;
  /** `[size]`: class of each row. */
  readonly labels: Int32Array;
}

/** Returns the words (of 4 bytes) of a batch of at most `size` rows with at most `length` tokens. */
export function batchWords(size: number, length: number): number {
  return size * (length + 2);
}

/** Lays a batch over `words`, new ones by default: tokens, then lengths, then labels. */
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

/** Sums over the sequences of one or more batches. */
export interface BatchMetrics {
  /** Sum of the cross-entropies, in nats. */
  lossSum: number;
  /** Number of sequences whose most probable class is their label. */
  correct: number;
}
