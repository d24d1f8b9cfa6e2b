/** Encoded rows, in shared memory: any thread reads them in place. */
export interface EncodedTable {
  /** The tokens of all rows, one after another: ids from 0 to vocabulary - 1. */
  readonly tokens: Uint16Array | Uint32Array; // over a SharedArrayBuffer
  /** `[rows + 1]`: where each row begins in `tokens`. */
  readonly offsets: Uint32Array;
  /** `[rows]`: class of each row. */
  readonly labels: Uint16Array;
}
