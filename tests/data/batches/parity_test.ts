import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { createBatch } from "../../../lib/data/batches/batch.ts";
import { parityDataset } from "../../../lib/data/batches/parity.ts";

const options = { vocabulary: 10, length: 5, seed: 3, shards: 2, batchSize: 4, heldOut: 100 } as const;
const data = parityDataset(options);

/** Returns `size` sequences from `first` on; for training, as one batch of one shard. */
function filled(split: "training" | "heldOut", first: number, size: number) {
  const batch = createBatch(size, 5);
  if (split === "heldOut") data.heldOutBatch(batch, first, size);
  else parityDataset({ ...options, shards: 1, batchSize: size }).trainingBatch(batch, first / size, 0);
  return batch;
}

Deno.test("trainingBatch() labels a sequence even (1) exactly if first + last is even", () => {
  const { tokens, labels, lengths } = filled("training", 0, 200);
  for (let row = 0; row < 200; row++) {
    const sequence = tokens.subarray(row * 5, row * 5 + 5);
    assertEquals(data.labels[labels[row]!], (sequence[0]! + sequence[4]!) % 2 ? "odd" : "even");
    assert(sequence.every((token) => token >= 0 && token < 10));
    assertEquals(lengths[row], 5);
  }
});

Deno.test("trainingBatch() uses every token and balances the classes", () => {
  const { tokens, labels } = filled("training", 0, 2000);
  assertEquals(new Set(tokens).size, 10);
  const even = labels.reduce((sum, label) => sum + label, 0);
  assert(even > 900 && even < 1100, `${even} of 2000 are even`);
});

Deno.test("trainingBatch() numbers sequences across the shards of a step", () => {
  const [step, shard] = [5, 1];
  const batch = createBatch(4, 5);
  data.trainingBatch(batch, step, shard);
  const first = (step * 2 + shard) * 4;
  assertEquals(batch.tokens, filled("training", first, 4).tokens);
  assertEquals(batch.labels, filled("training", first, 4).labels);
  assertEquals(data.sequencesAfter(5), first - 4);
});

Deno.test("heldOutBatch() returns the same sequence for a position in any batch", () => {
  const whole = filled("heldOut", 40, 8);
  const half = filled("heldOut", 44, 4);
  assertEquals(half.tokens, whole.tokens.slice(4 * 5));
  assertEquals(half.labels, whole.labels.slice(4));
});

Deno.test("trainingBatch() and heldOutBatch() differ, and depend on the seed", () => {
  const training = filled("training", 0, 20);
  assertNotEquals(filled("heldOut", 0, 20).tokens, training.tokens);
  const other = createBatch(20, 5);
  parityDataset({ ...options, seed: 4, shards: 1, batchSize: 20 }).trainingBatch(other, 0, 0);
  assertNotEquals(other.tokens, training.tokens);
});

Deno.test("heldOutBatch() changes only the rows in use, and sets their number and length", () => {
  const batch = createBatch(4, 7);
  batch.tokens.fill(-1);
  data.heldOutBatch(batch, 0, 2);
  assertEquals([batch.size, batch.length], [2, 5]);
  assertEquals(batch.tokens.subarray(0, 10), filled("heldOut", 0, 2).tokens);
  assert(batch.tokens.subarray(10).every((token) => token === -1));
});
