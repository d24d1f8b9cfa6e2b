/** Describes the model as numbers, from which shapes, parameter layout and forward pass follow. */
import type { TrainingConfig } from "../config/schema.ts";
import type { Dataset } from "../data/batches/dataset.ts";

/** Selects the outputs of the last LSTM that the dense layer gets: see `ModelSpec.pooling`. */
export type Pooling = TrainingConfig["pooling"];

/** The numbers of a model of the form embedding → LSTMs → pooling → dense. */
export interface ModelSpec {
  /** Token ids are from 0 to `vocabulary - 1`. */
  readonly vocabulary: number;
  /** Rows of the embedding behind those of token ids, for runs of letters: see lib/data/batches/letter_rows.ts. */
  readonly letterRows: number;
  /** Width of a token's vector. */
  readonly embedding: number;
  /** Width of an LSTM's state. */
  readonly hidden: number;
  readonly classes: number;
  /** LSTM layers on top of each other, 1 to 8. */
  readonly layers: number;
  /** True if each layer has a second LSTM that reads backwards. A layer's output is then `[forward, backward]`. */
  readonly bidirectional: boolean;
  /**
   * `last`: each direction's output at its own last step: forward at the row's last real token, backward at position 0.
   * `mean`, `max`: over the row's real tokens. Of equal maxima, the one at the lowest position has the gradient.
   */
  readonly pooling: Pooling;
  /**
   * The number of bias vectors of each LSTM: 1 as in Keras, or 2 as in PyTorch and cuDNN. Two are stored as their sum; as
   * both get the same gradient, the sum moves twice as far per Adam step and counts twice in the gradient's norm.
   */
  readonly lstmBiases: 1 | 2;
  /** `many` if a sequence may have several labels, each with a sigmoid of its own. Otherwise it has one, by softmax. */
  readonly labels?: "many";
}

/** Returns the width of a layer's output, which is also that of the dense layer's input. */
export function outputWidth({ hidden, bidirectional }: Pick<ModelSpec, "hidden" | "bidirectional">): number {
  return bidirectional ? 2 * hidden : hidden;
}

/** Returns the model that `config` describes, for data with `dataset`'s vocabulary and classes. */
export function modelSpec(config: TrainingConfig, dataset: Pick<Dataset, "vocabulary" | "labels">): ModelSpec {
  return {
    vocabulary: dataset.vocabulary,
    letterRows: config.letterRows,
    embedding: config.embedding,
    hidden: config.hidden,
    classes: dataset.labels.length,
    layers: config.layers,
    bidirectional: config.bidirectional,
    pooling: config.pooling,
    lstmBiases: config.lstmBiases,
    ...config.labels === "many" && { labels: config.labels },
  };
}
