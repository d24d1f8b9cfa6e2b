import { assertEquals } from "@std/assert";
import { createBatch } from "../../../lib/data/batches/batch.ts";
import { fillBatch } from "../../../lib/data/batches/fill_batch.ts";

const rows = { tokens: [7, 1, 2, 3, 4, 5], offsets: [0, 1, 4, 6], labels: [2, 0, 1] };

/** Returns the tokens and the class of each row of `batch`. */
function read({ size, length, tokens, lengths, labels }: ReturnType<typeof createBatch>): [number[], number][] {
  return Array.from({ length: size }, (_, row) => {
    const begin = row * length;
    return [[...tokens.subarray(begin, begin + lengths[row]!)], labels[row]!];
  });
}

Deno.test("fillBatch() writes the rows of an order, as long as the longest, over earlier ones", () => {
  const batch = createBatch(3, 4);
  fillBatch(batch, rows, [1, 0, 2, 1], 1, 3);
  assertEquals([batch.size, batch.length], [3, 3]);
  assertEquals(read(batch), [[[7], 2], [[4, 5], 1], [[1, 2, 3], 0]]);
  fillBatch(batch, rows, [1, 0, 2, 1], 2, 1);
  assertEquals([batch.size, batch.length], [1, 2]);
  assertEquals(read(batch), [[[4, 5], 1]]);
});

Deno.test("fillBatch() writes the labels of rows that have several, or none", () => {
  const batch = createBatch(3, 4, undefined, 0, 3);
  batch.labelOffsets!.fill(7);
  const several = { ...rows, labels: [5, 6, 8, 4], labelOffsets: [0, 3, 3, 4] };
  fillBatch(batch, several, [2, 1, 0], 0, 3);
  assertEquals([...batch.labelOffsets!], [0, 1, 1, 4]);
  assertEquals([...batch.labels.subarray(0, 4)], [4, 5, 6, 8]);
  fillBatch(batch, several, undefined, 0, 1);
  assertEquals([...batch.labelOffsets!.subarray(0, 2)], [0, 3]);
});

Deno.test("fillBatch() without an order takes consecutive rows; without classes it keeps the old ones", () => {
  const batch = createBatch(2, 4);
  batch.labels.fill(9);
  fillBatch(batch, { tokens: rows.tokens, offsets: rows.offsets }, undefined, 1, 2);
  assertEquals(read(batch), [[[1, 2, 3], 9], [[4, 5], 9]]);
});
