/**
 * The defaults of a training on data from files: a pure function of a few figures of the data, never of the clock or the
 * machine, so that the same data and seed give the same weights anywhere. docs/tune.md has the measurements.
 */
import type { TrainingConfig } from "./schema.ts";

/** What the defaults depend on, of the training rows. */
export interface DataFigures {
  readonly rows: number;
  /** Tokens of all rows together, as many as are kept of each. */
  readonly tokens: number;
  /** What a token is. Characters and codes come from small vocabularies and say little alone; words say much. */
  readonly kind: "words" | "chars" | "codes";
}

export type TextDefaults = Pick<
  TrainingConfig,
  | "embedding"
  | "hidden"
  | "layers"
  | "bidirectional"
  | "pooling"
  | "dropout"
  | "embeddingInit"
  | "learningRate"
  | "schedule"
  | "warmupSteps"
  | "weightDecay"
  | "embeddingRows"
  | "clipNorm"
  | "shards"
  | "batchSize"
  | "average"
  | "averageEvery"
  | "epochs"
  | "targetAccuracy"
>;

/** Rows of a step on each shard; four shards of 8 are a batch of 32. */
const SHARDS = 4;
const BATCH_SIZE = 8;
/** Tokens that training reads, repetitions counted, if there are fewer in the data: words, and others. */
const WANTED_TOKENS = { words: 700_000, chars: 3_000_000, codes: 3_000_000 } as const;
/** Steps that little data gets, which is what many repetitions of it are for. */
const WANTED_STEPS = 400;
const MOST_EPOCHS = { usual: 20, ofLittleData: 60 } as const;
/** Tokens that two cores of 2025 read forwards and backwards in about a minute, by the width of the LSTM. */
const MOST_TOKENS = { 64: 10_000_000, 32: 33_000_000 } as const;
/** Repetitions that must fit before a model is made wider. */
const FEWEST_EPOCHS = 3;

/** The config for data of these `figures`, where neither file nor flag says otherwise. */
export function textDefaults({ rows, tokens, kind }: DataFigures): TextDefaults {
  // A wide LSTM where three passes fit into the time, or else a narrow one: it costs a third and loses a point at most.
  const hidden = tokens * FEWEST_EPOCHS <= MOST_TOKENS[64] ? 64 : 32;
  return {
    embedding: 64,
    hidden,
    // A second layer doubles the time.
    layers: 1,
    // What decides may stand at either end of a row.
    bidirectional: true,
    // One strong sign anywhere decides; the gradient reaches it without a way through time.
    pooling: "max",
    // A character is worth more than a word: there are few of them, and one mask hides a token in all of a batch's rows.
    dropout: kind === "words" ? 0.4 : 0.2,
    // At N(0, 1) the vectors of rare words stay noise, which costs 1 to 10 points of accuracy.
    embeddingInit: 0.1,
    // High, for the sake of rare tokens: with lazy rows a token's vector moves only when it is seen.
    learningRate: 0.006,
    // The last epoch is then as good as the best one: nothing to choose by few validation rows.
    schedule: "linear",
    // With clipping, none was needed.
    warmupSteps: 0,
    // Dropout and the number of passes regularize.
    weightDecay: 0,
    // A step costs what its tokens cost, whatever the vocabulary, and is as accurate.
    embeddingRows: "lazy",
    clipNorm: 1,
    shards: SHARDS,
    batchSize: BATCH_SIZE,
    // Gradients: exactly a batch of 32, however many shards it is dealt out to.
    average: "gradients",
    averageEvery: 1,
    epochs: epochsFor({ rows, tokens, kind }, MOST_TOKENS[hidden]),
    // Nothing in text says when it is good enough.
    targetAccuracy: 0,
  };
}

/** Passes over the data: many over little, few over much, and no more than `mostTokens` allows, but at least one. */
function epochsFor({ rows, tokens, kind }: DataFigures, mostTokens: number): number {
  const steps = Math.max(1, Math.ceil(rows / (SHARDS * BATCH_SIZE)));
  const ofOnePass = Math.max(1, tokens);
  const usual = Math.min(MOST_EPOCHS.usual, Math.ceil(WANTED_TOKENS[kind] / ofOnePass));
  const little = Math.min(MOST_EPOCHS.ofLittleData, Math.ceil(WANTED_STEPS / steps));
  return Math.max(1, Math.min(Math.max(usual, little, FEWEST_EPOCHS), Math.floor(mostTokens / ofOnePass)));
}
