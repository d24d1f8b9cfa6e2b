import type { EncodedTable } from "./table.ts";

/** What a run of the task `table` is trained on. It is posted to the workers; its arrays are shared, not copied. */
export interface TrainingData {
  /** Class names; a label is a position in this list. */
  readonly labels: readonly string[];
  /** Tokens are from 0 to `vocabulary - 1`. */
  readonly vocabulary: number;
  /** Tokens that a row has at most. */
  readonly length: number;
  readonly training: EncodedTable;
  readonly validation: EncodedTable;
  /** Names all of this: the same digest, the same run. */
  readonly digest: string;
}
