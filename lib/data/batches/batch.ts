/** The most rows of the embedding that a vector is made of. */
export const MOST_ROWS_OF_VECTOR = 64;

/** How the vectors of a batch are made of rows of the embedding: the first row of each plus the mean of its others. */
export interface VectorRows {
  /** Number of vectors in use; the arrays may have room for more. */
  count: number;
  /** `[count + 1]`: position in `rows` where those of each vector begin. Each has 1 to MOST_ROWS_OF_VECTOR of them. */
  readonly offsets: Int32Array;
  readonly rows: Int32Array;
}

/**
 * The only shape in which data reaches an engine. Rows are right-padded to `length` with any tokens; padding is never
 * read.
 */
export interface Batch {
  /** Number of sequences in use; the arrays may have room for more. */
  size: number;
  /** Time steps of every row. */
  length: number;
  /** `[size, length]`, row-major; each token is from 0 to vocabulary - 1, or with `vectors` the number of one of them. */
  readonly tokens: Int32Array;
  /** `[size]`: number of tokens of each row without padding, from 1 to `length`. */
  readonly lengths: Int32Array;
  /** `[size]`: class of each row; with `labelOffsets`, the classes of all rows, one row after another. */
  readonly labels: Int32Array;
  /** `[size + 1]`, where a row may have several labels: position in `labels` where those of each begin. They ascend. */
  readonly labelOffsets?: Int32Array;
  /** Without it, the vector of a token is the row of the embedding that has its number. */
  readonly vectors?: VectorRows;
}

/**
 * Returns the words (of 4 bytes) of a batch of at most `size` rows with at most `length` tokens and `vectors`, and with at most
 * `labels` labels of a row, if it may have several.
 */
export function batchWords(size: number, length: number, vectors = 0, labels = 0): number {
  const ofLabels = labels > 0 ? size * labels + size + 1 : size;
  return size * (length + 1) + ofLabels + (vectors > 0 ? vectors + 1 + vectors * MOST_ROWS_OF_VECTOR : 0);
}

/**
 * Lays a batch over `words`, new ones by default: tokens, lengths, labels and their offsets, if rows may have several, then the
 * rows of its vectors, if it has some.
 */
export function createBatch(
  size: number,
  length: number,
  words?: Int32Array,
  vectors = 0,
  labels = 0,
): Batch {
  words ??= new Int32Array(batchWords(size, length, vectors, labels));
  const endOfLabels = size * (length + 1) + size * Math.max(1, labels);
  const end = endOfLabels + (labels > 0 ? size + 1 : 0);
  return {
    size,
    length,
    tokens: words.subarray(0, size * length),
    lengths: words.subarray(size * length, size * (length + 1)),
    labels: words.subarray(size * (length + 1), endOfLabels),
    ...labels > 0 && { labelOffsets: words.subarray(endOfLabels, end) },
    ...vectors > 0 && {
      vectors: {
        count: 0,
        offsets: words.subarray(end, end + vectors + 1),
        rows: words.subarray(end + vectors + 1, end + vectors + 1 + vectors * MOST_ROWS_OF_VECTOR),
      },
    },
  };
}

/** Sums over the sequences of one or more batches. */
export interface BatchMetrics {
  /** Sum of the cross-entropies, in nats; where rows may have several labels, of the binary ones of all labels. */
  lossSum: number;
  /** Number of sequences whose most probable class is their label, or one of theirs. */
  correct: number;
}
