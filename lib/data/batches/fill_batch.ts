import type { Batch } from "./batch.ts";
import type { UnknownTokens } from "./table.ts";

/** Sequences, one after another. */
export interface Rows {
  readonly tokens: ArrayLike<number>;
  /** `[rows + 1]`: row r has the tokens from `offsets[r]` up to `offsets[r + 1]`. */
  readonly offsets: ArrayLike<number>;
  /** `[rows]`: class of each row, if known. */
  readonly labels?: ArrayLike<number>;
  readonly unknown?: UnknownTokens | undefined;
}

/**
 * Sets `batch` to `size` of `rows`: those that `order` lists from `first` on, or without `order` the rows from `first` on.
 * The batch is as long as its longest row.
 */
export function fillBatch(
  batch: Batch,
  { tokens, offsets, labels }: Rows,
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
    if (labels) batch.labels[row] = labels[source]!;
  }
  for (let row = 0; row < size; row++) {
    const begin = offsets[order ? order[first + row]! : first + row]!;
    const length = batch.lengths[row]!;
    // A loop is faster than set(), which needs a view for each short row.
    const target = row * batch.length;
    for (let i = 0; i < length; i++) batch.tokens[target + i] = tokens[begin + i]!;
  }
}
