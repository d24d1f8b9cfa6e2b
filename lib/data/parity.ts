import { Random, Stream } from "../random.ts";
import type { Batch } from "./batch.ts";
import type { Dataset, Split } from "./dataset.ts";

export interface ParityOptions {
  readonly vocabulary: number;
  readonly length: number;
  readonly seed: number;
  /** Number of held-out sequences. */
  readonly heldOut: number;
}

/**
 * The notebook's task: uniform random sequences of `length` tokens, labelled `even` (1) where first + last is even,
 * else `odd` (0). Training and held-out sequences come from different streams of the seed.
 */
export function parityDataset({ vocabulary, length, seed, heldOut }: ParityOptions): Dataset {
  const streams: Record<Split, Random> = {
    training: new Random(seed, Stream.trainingData),
    heldOut: new Random(seed, Stream.heldOutData),
  };

  function fill(batch: Batch, split: Split, first: number): void {
    const random = streams[split];
    const { tokens, lengths, labels } = batch;
    for (let row = 0; row < batch.size; row++) {
      random.seek(first + row);
      const start = row * length;
      for (let step = 0; step < length; step++) tokens[start + step] = random.below(vocabulary);
      lengths[row] = length;
      labels[row] = (tokens[start]! + tokens[start + length - 1]!) % 2 === 0 ? 1 : 0;
    }
    batch.length = length;
  }

  return { labels: ["odd", "even"], vocabulary, length, heldOut, fill };
}
