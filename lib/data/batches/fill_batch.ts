import type { Batch } from "./batch.ts";
import type { UnknownTokens } from "./table.ts";

/** Sequences, one after another. */
export interface Rows {
  readonly tokens: ArrayLike<number>;
  /** `[rows + 1]`: row r has the tokens from `offsets[r]` up to `offsets[r + 1]`. */
  readonly offsets: ArrayLike<number>;
  /** As in EncodedTable, if known. */
  readonly labels?: ArrayLike<number>;
  readonly labelOffsets?: ArrayLike<number>;
  readonly unknown?: UnknownTokens | undefined;
}

/**
 * Sets `batch` to `size` of `rows`: those that `order` lists from `first` on, or without `order` the rows from `first` on.
 * The batch is as long as its longest row.
 */
export function fillBatch(
  batch: Batch,
  { tokens, offsets, labels, labelOffsets }: Rows,
  order: ArrayLike<number> | undefined,
  first: number,
  size: number,
): void {
  batch.size = size;
  batch.length = 1;
  for (let row = 0; row < size; row++) {
    const source = order ? order[first + row]! : first + row;
    const length = offsets[source + 1]! - offsets[source]!;
    batch.lengths[row] = length;
    if (length > batch.length) batch.length = length;
    if (labels && !labelOffsets) batch.labels[row] = labels[source]!;
  }
  if (labels && labelOffsets && batch.labelOffsets) {
    batch.labelOffsets[0] = 0;
    for (let row = 0, at = 0; row < size; row++) {
      const source = order ? order[first + row]! : first + row;
      for (let from = labelOffsets[source]!; from < labelOffsets[source + 1]!; from++) {
        batch.labels[at++] = labels[from]!;
      }
      batch.labelOffsets[row + 1] = at;
    }
  }
  for (let row = 0; row < size; row++) {
    const begin = offsets[order ? order[first + row]! : first + row]!;
    const length = batch.lengths[row]!;
    // A loop is faster than set(), which needs a view for each short row.
    const target = row * batch.length;
    for (let i = 0; i < length; i++) batch.tokens[target + i] = tokens[begin + i]!;
  }
}
