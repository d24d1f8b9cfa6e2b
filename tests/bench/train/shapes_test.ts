import { assertEquals } from "@std/assert";
import { flopsPerSequence, flopsPerStep, SHAPES } from "../../../bench/train/shapes.ts";

/** Counts the multiplications of an [rows, inner] by [inner, columns] product one by one. */
function multiplications(rows: number, inner: number, columns: number): number {
  let count = 0;
  for (let row = 0; row < rows; row++) for (let column = 0; column < columns; column++) count += inner;
  return count;
}

Deno.test("flopsPerStep() counts the operations of a plain forward and backward pass", () => {
  const [batch, length, embedding, hidden] = [3, 5, 4, 6];
  let count = 0;
  for (let token = 0; token < length; token++) {
    for (const inputs of [embedding, hidden]) {
      count += multiplications(batch, inputs, 4 * hidden); // gates = x · W
      count += multiplications(batch, 4 * hidden, inputs); // dx = dgates · Wᵀ
      count += multiplications(inputs, batch, 4 * hidden); // dW = xᵀ · dgates
    }
  }
  count += multiplications(batch, hidden, 2) + multiplications(batch, 2, hidden) + multiplications(hidden, batch, 2);
  assertEquals(flopsPerStep({ batch, length, embedding, hidden }), 2 * count);
});

Deno.test("SHAPES go from the least work to the most, as estimates of slow ones need", () => {
  const work = SHAPES.map(flopsPerStep);
  assertEquals(work, work.toSorted((a, b) => a - b));
});

Deno.test("flopsPerSequence() does not depend on the batch", () => {
  const shape = SHAPES[0]!;
  assertEquals(flopsPerSequence({ ...shape, batch: 999 }), flopsPerSequence(shape));
});
