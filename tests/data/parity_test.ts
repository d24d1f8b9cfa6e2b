import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { createBatch } from "../../lib/data/batch.ts";
import { parityDataset } from "../../lib/data/parity.ts";

const data = parityDataset({ vocabulary: 10, length: 5, seed: 3, heldOut: 100 });

function filled(split: "training" | "heldOut", first: number, size: number) {
  const batch = createBatch(size, 5);
  data.fill(batch, split, first);
  return batch;
}

Deno.test("fill() labels a sequence even (1) exactly where first + last is even", () => {
  const { tokens, labels, lengths } = filled("training", 0, 200);
  for (let row = 0; row < 200; row++) {
    const sequence = tokens.subarray(row * 5, row * 5 + 5);
    assertEquals(data.labels[labels[row]!], (sequence[0]! + sequence[4]!) % 2 ? "odd" : "even");
    assert(sequence.every((token) => token >= 0 && token < 10));
    assertEquals(lengths[row], 5);
  }
});

Deno.test("fill() uses every token and balances the classes", () => {
  const { tokens, labels } = filled("training", 0, 2000);
  assertEquals(new Set(tokens).size, 10);
  const even = labels.reduce((sum, label) => sum + label, 0);
  assert(even > 900 && even < 1100, `${even} of 2000 are even`);
});

Deno.test("fill() gives a sequence by its index, whatever batch it is in", () => {
  const whole = filled("training", 40, 8);
  const half = filled("training", 44, 4);
  assertEquals(half.tokens, whole.tokens.slice(4 * 5));
  assertEquals(half.labels, whole.labels.slice(4));
});

Deno.test("fill() draws training and held-out sequences, and those of other seeds, apart", () => {
  const training = filled("training", 0, 20);
  assertNotEquals(filled("heldOut", 0, 20).tokens, training.tokens);
  const other = createBatch(20, 5);
  parityDataset({ vocabulary: 10, length: 5, seed: 4, heldOut: 100 }).fill(other, "training", 0);
  assertNotEquals(other.tokens, training.tokens);
});

Deno.test("fill() touches only the rows in use and says their length", () => {
  const batch = createBatch(4, 7);
  batch.tokens.fill(-1);
  batch.size = 2;
  data.fill(batch, "training", 0);
  assertEquals(batch.length, 5);
  assertEquals(batch.tokens.subarray(0, 10), filled("training", 0, 2).tokens);
  assert(batch.tokens.subarray(10).every((token) => token === -1));
});
