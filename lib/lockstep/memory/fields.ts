/** Names the positions of numbers in shared memory, as control.ts names its words: no other file has a position. */

/** Names the positions in `run.shards[shard]`: one shard in the current round. */
export const ShardField = {
  lossSum: 0,
  correct: 1,
  samples: 2,
  /** Weighs the shard among all shards: its samples, or the sum of their class weights. */
  weight: 3,
  /** Numbers, from 1, the first step that was not finite; 0 if all were. Then its `NonFinite` kind and its value. */
  failedStep: 4,
  failedKind: 5,
  failedValue: 6,
} as const;
export const SHARD_FIELD_COUNT = sizeOf(ShardField);

/** Names the positions in `run.counters[worker]`: wall time in milliseconds, and sequences, since the crew started. */
export const Counter = { compute: 0, wait: 1, average: 2, sequences: 3 } as const;

/** Names the positions in `run.chunks[chunk]`: one chunk of the validation set in the current evaluation. */
export const ChunkField = { lossSum: 0, correct: 1 } as const;

/** Names the positions in `run.classes[class]`: the rows of a class, those that were given it, and those that are both. */
export const ClassField = { support: 0, given: 1, right: 2 } as const;

/** Names the positions in `run.drift[worker]`: over the worker's slice of the vector. */
export const DriftField = { squaredDistance: 0, squaredNorm: 1 } as const;

/** Names the positions in `run.epochEnd`: how the state after `round` rounds compares with the best one. */
export const EpochEndField = { round: 0, isBest: 1, sinceBest: 2, loss: 3, accuracy: 4, macroF1: 5 } as const;

/** Names the positions in `run.histories[copy]` and `run.bestHistory`: see training_history.ts. */
export const HistoryField = {
  lossSum: 0,
  correct: 1,
  samples: 2,
  undone: 3,
  rollbacks: 4,
  rollbackRound: 5,
  sinceBest: 6,
  /** Is 0 if there is no best state; so are the three fields behind it. The macro-F1 is NaN unless it is the metric. */
  bestRound: 7,
  bestPosition: 8,
  bestLoss: 9,
  bestAccuracy: 10,
  bestMacroF1: 11,
} as const;

/** Lists the fields of the records in the rings, in order: see commit/records.ts. */
export const ROUND_FIELDS = ["round", "step", "epoch", "lossSum", "correct", "samples", "drift"] as const;
export const EPOCH_FIELDS = [
  "epoch",
  "round",
  "step",
  "trainingLoss",
  "trainingAccuracy",
  "heldOutLoss",
  "heldOutAccuracy",
  "heldOutMacroF1",
] as const;
/** Counts the words of the digest behind an epoch's fields, 32 bits each. */
export const DIGEST_WORDS = 8;
export const ROLLBACK_FIELDS = [
  "round",
  "restored",
  "position",
  "rollbacks",
  "learningRate",
  "kind",
  "value",
  "shard",
  "step",
] as const;

/** Counts the positions that `names` gives. */
export function sizeOf(names: Readonly<Record<string, number>>): number {
  return Object.keys(names).length;
}

/** Sums one field over `arrays`, in order. */
export function sumOf(arrays: readonly Float64Array[], field: number): number {
  return arrays.reduce((total, array) => total + array[field]!, 0);
}
