import type { TokenKeys } from "../vocabulary/token_keys.ts";

/** Encoded rows in shared memory, which any thread reads in place. */
export interface EncodedTable {
  /** Tokens of all rows, one row after another: ids from 0 to vocabulary - 1. */
  readonly tokens: Uint16Array | Uint32Array; // over a SharedArrayBuffer
  /** `[rows + 1]`: position in `tokens` where each row begins. */
  readonly offsets: Uint32Array;
  /** `[rows]`: class of each row; with `labelOffsets`, the classes of all rows, one row after another. */
  readonly labels: Uint16Array;
  /** `[rows + 1]`, where a row may have several labels: position in `labels` where those of each begin. They ascend. */
  readonly labelOffsets?: Uint32Array;
  /** `[rows]`: how many labels of each row no training row has; absent if none has any, and where a row has one label. */
  readonly unseen?: Uint16Array;
  /** Absent where tokens have no spelling. */
  readonly unknown?: UnknownTokens;
}

/** The labels of the rows of a table. */
export type RowLabels = Pick<EncodedTable, "labels" | "labelOffsets" | "unseen">;

/** Returns the number of rows of a table. */
export function rowsOf({ offsets }: Pick<EncodedTable, "offsets">): number {
  return offsets.length - 1;
}

/** Returns the number of rows that have a label, also of those whose labels no training row has. */
export function rowsWithLabels({ labels, labelOffsets, unseen }: RowLabels): number {
  if (!labelOffsets) return labels.length;
  let count = 0;
  for (let row = 0; row < labelOffsets.length - 1; row++) {
    if (labelOffsets[row + 1]! > labelOffsets[row]! || (unseen?.[row] ?? 0) > 0) count++;
  }
  return count;
}

/** Describes the tokens with the id UNKNOWN, in the order in which rows have them. */
export interface UnknownTokens {
  /** `[rows + 1]`: number of unknown tokens before each row. */
  readonly before: Uint32Array;
  readonly keys: TokenKeys;
}

/** The data of a run of the task `table`. It is posted to the workers; its arrays are shared, not copied. */
export interface TrainingData {
  /** Class names; a label is a position in this list. */
  readonly labels: readonly string[];
  /** Tokens are from 0 to `vocabulary - 1`. */
  readonly vocabulary: number;
  /** The first token whose vector comes from a file, as do those of all later tokens; absent without such a file. */
  readonly firstVector?: number;
  /** Most tokens that a row has. */
  readonly length: number;
  /** Keys of the ids, with those of their letters; absent where tokens have no letters. */
  readonly letters?: TokenKeys;
  readonly training: EncodedTable;
  readonly validation: EncodedTable;
  /** Identifies all of this: runs with the same digest have the same data. */
  readonly digest: string;
}
