import { Random, Stream } from "../../base/random.ts";
import type { Batch } from "./batch.ts";
import type { Dataset } from "./dataset.ts";

export interface ParityOptions {
  readonly vocabulary: number;
  readonly length: number;
  readonly seed: number;
  readonly shards: number;
  readonly batchSize: number;
  /** Number of held-out sequences. */
  readonly heldOut: number;
}

/**
 * The notebook's task: uniform random sequences of `length` tokens, labelled `even` (1) where first + last is even,
 * else `odd` (0). Training and held-out sequences come from different streams of the seed.
 */
export function parityDataset({ vocabulary, length, seed, shards, batchSize, heldOut }: ParityOptions): Dataset {
  const training = new Random(seed, Stream.trainingData);
  const judging = new Random(seed, Stream.heldOutData);

  /** Fills `batch` with the sequences `first`, `first + 1`, … of `random`. */
  function fill(batch: Batch, random: Random, first: number, size: number): void {
    const { tokens, lengths, labels } = batch;
    batch.size = size;
    batch.length = length;
    for (let row = 0; row < size; row++) {
      random.seek(first + row);
      const start = row * length;
      for (let step = 0; step < length; step++) tokens[start + step] = random.below(vocabulary);
      lengths[row] = length;
      labels[row] = (tokens[start]! + tokens[start + length - 1]!) % 2 === 0 ? 1 : 0;
    }
  }

  return {
    labels: ["odd", "even"],
    vocabulary,
    length,
    heldOut,
    // Sequences are numbered through all shards, so N shards of B see what one shard of N · B sees.
    trainingBatch: (batch, step, shard) => fill(batch, training, (step * shards + shard) * batchSize, batchSize),
    heldOutBatch: (batch, first, size) => fill(batch, judging, first, size),
    heldOutIndex: (position) => position,
    sequencesAfter: (steps) => steps * shards * batchSize,
  };
}
