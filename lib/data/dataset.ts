import type { Batch } from "./batch.ts";

/** Which sequences: those that are learnt from, or those that judge. */
export type Split = "training" | "heldOut";

/** What a run is trained on. Every sequence is a pure function of (data set, split, index). */
export interface Dataset {
  /** Class names; a label is a position in this list. */
  readonly labels: readonly string[];
  /** Tokens are from 0 to `vocabulary - 1`. */
  readonly vocabulary: number;
  /** Tokens of the longest sequence. */
  readonly length: number;
  /** Number of held-out sequences. */
  readonly heldOut: number;
  /** Fills rows 0 to `batch.size - 1` with the sequences `first`, `first + 1`, … of `split`. */
  fill(batch: Batch, split: Split, first: number): void;
}
