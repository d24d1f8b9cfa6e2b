import type { TrainingConfig } from "../config/schema.ts";
import type { Dataset } from "../data/dataset.ts";

/** Embedding → LSTM → Dense, as numbers: all that shapes and parameter layout follow from. */
export interface ModelSpec {
  /** Token ids are from 0 to `vocabulary - 1`. */
  readonly vocabulary: number;
  /** Width of a token's vector. */
  readonly embedding: number;
  /** Width of the LSTM's state. */
  readonly hidden: number;
  readonly classes: number;
  /**
   * How many bias vectors each LSTM has: 1 as in Keras, or 2 as in PyTorch and cuDNN. Two are stored as their sum; as
   * both get the same gradient, the sum moves twice as far per Adam step and counts twice in the gradient's norm.
   */
  readonly lstmBiases: 1 | 2;
}

/** The model that `config` describes, for data of `dataset`'s vocabulary and classes. */
export function modelSpec(config: TrainingConfig, dataset: Pick<Dataset, "vocabulary" | "labels">): ModelSpec {
  return {
    vocabulary: dataset.vocabulary,
    embedding: config.embedding,
    hidden: config.hidden,
    classes: dataset.labels.length,
    lstmBiases: config.lstmBiases,
  };
}
