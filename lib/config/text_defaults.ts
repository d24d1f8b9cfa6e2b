/**
 * Chooses the defaults of a training on files: a pure function of a few numbers of the data, never of the clock or the
 * machine, so that the same data and seed give the same weights anywhere. docs/tune.md has the measurements.
 */
import type { TrainingConfig } from "./schema.ts";

/** The properties of the training rows that the defaults depend on. */
export interface DataSize {
  readonly rows: number;
  /** Tokens of all rows together, after long rows were cut. */
  readonly tokens: number;
  /** A token is a word, a character or a code. Characters and codes have small vocabularies and each says little. */
  readonly kind: "words" | "chars" | "codes";
  /** Tokens are words, whose letters may have vectors as well. */
  readonly hasLetters?: boolean;
  /** Training continues from the weights of an earlier run. */
  readonly isContinued?: boolean;
}

type TextDefaults = Pick<
  TrainingConfig,
  | "embedding"
  | "letterRows"
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

/** Share of the usual passes that a run takes which continues from another one: docs/learning-on.md has the measurement. */
const CONTINUED = 0.3;

/** On 3,017 rows of data, 65,536 rows for letters were better by no more than noise. */
const LETTER_ROWS = 16_384;
/** Four shards with 8 rows each make a batch of 32. */
const SHARDS = 4;
const BATCH_SIZE = 8;
/** Tokens that training reads at least, repetitions included. */
const WANTED_TOKENS = { words: 700_000, chars: 3_000_000, codes: 3_000_000 } as const;
/** Steps that training takes at least, for which little data is repeated. */
const WANTED_STEPS = 400;
const MOST_EPOCHS = { usual: 20, ofLittleData: 60 } as const;
/** Tokens for which two cores of 2025 need about a minute, by the width of the LSTM. */
const MOST_TOKENS = { 64: 10_000_000, 32: 33_000_000 } as const;
/** A wider model is chosen only if this many epochs fit into the time. */
const FEWEST_EPOCHS = 3;

/** Returns the config for data of this size, which config file and flags override. */
export function textDefaults(
  { rows, tokens, kind, hasLetters = false, isContinued = false }: DataSize,
): TextDefaults {
  // The narrow LSTM costs a third of the wide one and loses at most one point of accuracy.
  const hidden = tokens * FEWEST_EPOCHS <= MOST_TOKENS[64] ? 64 : 32;
  return {
    embedding: 64,
    // Where words are rare their letters say something; where data is large, few are.
    letterRows: hasLetters && hidden === 64 ? LETTER_ROWS : 0,
    hidden,
    // A second layer doubles the time.
    layers: 1,
    // The decisive token may be at either end of a row.
    bidirectional: true,
    // One strong sign anywhere decides, and its gradient takes no path through time.
    pooling: "max",
    // Characters are few, and one mask hides a token in all rows of a batch, so dropping one costs more than a word.
    dropout: kind === "words" ? 0.4 : 0.2,
    // With N(0, 1) the vectors of rare words stay noise, which costs 1 to 10 points of accuracy.
    embeddingInit: 0.1,
    // It is high for rare tokens: with sparse rows a token's vector moves only in steps that see the token.
    learningRate: 0.006,
    // It makes the last epoch as good as the best one, so few validation rows need not choose.
    schedule: "linear",
    // Clipping makes warm-up unnecessary.
    warmupSteps: 0,
    // Dropout and the number of passes regularize.
    weightDecay: 0,
    // The cost of a step depends on its tokens, not on the vocabulary, at the same accuracy.
    embeddingRows: "lazy",
    clipNorm: 1,
    shards: SHARDS,
    batchSize: BATCH_SIZE,
    // Averaged gradients equal one batch of 32, for any number of shards.
    average: "gradients",
    averageEvery: 1,
    epochs: epochsFor({ rows, tokens, kind, isContinued }, MOST_TOKENS[hidden]),
    // No accuracy is known to be good enough for every text.
    targetAccuracy: 0,
  };
}

/** Chooses the number of epochs: many for little data, few for much, at most what `mostTokens` allows, at least one. */
function epochsFor({ rows, tokens, kind, isContinued }: DataSize, mostTokens: number): number {
  const share = isContinued ? CONTINUED : 1;
  const steps = Math.max(1, Math.ceil(rows / (SHARDS * BATCH_SIZE)));
  const ofOnePass = Math.max(1, tokens);
  const usual = Math.min(MOST_EPOCHS.usual, Math.ceil(share * WANTED_TOKENS[kind] / ofOnePass));
  const little = Math.min(MOST_EPOCHS.ofLittleData, Math.ceil(share * WANTED_STEPS / steps));
  return Math.max(1, Math.min(Math.max(usual, little, FEWEST_EPOCHS), Math.floor(mostTokens / ofOnePass)));
}
