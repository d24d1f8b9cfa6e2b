import type { Config } from "./schema.ts";

export interface DataFigures {
  readonly rows: number;
  readonly classes: number;
  readonly vocabulary: number;
  readonly tokens: number;
}

export function textDefaults(_: DataFigures): Partial<Config> {
  return {
    embedding: 64,
    hidden: 64,
    bidirectional: true,
    pooling: "max",
    dropout: 0.4,
    embeddingInit: 0.1,
    learningRate: 0.002,
    schedule: "linear",
    shards: 2,
    batchSize: 16,
    epochs: 8,
    targetAccuracy: 0,
  };
}
