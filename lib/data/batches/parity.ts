import { Random, Stream } from "../../base/numbers/random.ts";
import type { Batch } from "./batch.ts";
import type { Dataset } from "./dataset.ts";

interface ParityOptions {
  readonly vocabulary: number;
  readonly length: number;
  readonly seed: number;
  readonly shards: number;
  readonly batchSize: number;
  /** Number of sequences in the validation set. */
  readonly heldOut: number;
}

/**
 * Generates the task of the notebook: uniform random sequences of `length` tokens with the label `even` (1) if first + last
 * is even, otherwise `odd` (0). Training and validation sequences come from different streams of the seed.
 */
export function parityDataset({ vocabulary, length, seed, shards, batchSize, heldOut }: ParityOptions): Dataset {
  const training = new Random(seed, Stream.trainingData);
  const validation = new Random(seed, Stream.heldOutData);

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
    // Sequences are numbered across all shards, so N shards of B see the same as one shard of N · B.
    trainingBatch: (batch, step, shard) => fill(batch, training, (step * shards + shard) * batchSize, batchSize),
    heldOutBatch: (batch, first, size) => fill(batch, validation, first, size),
    sequencesAfter: (steps) => steps * shards * batchSize,
  };
}
