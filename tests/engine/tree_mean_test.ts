import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { coefficients, createTreeMean, splitAt, squaredDistance } from "../../lib/engine/tree_mean.ts";
import { Random, Stream } from "../../lib/base/numbers/random.ts";
import { plainMean, plainNode } from "../lockstep/plain_mean.ts";

/** Exceeds one block of the implementation and is no multiple of it. */
const SIZE = 2500;
const SHARDS = [1, 2, 3, 4, 5, 7, 8, 13, 16, 17];

/** Makes vectors of values of very different sizes, so that every order of summing rounds differently. */
function slotsOf(shards: number): Float32Array[] {
  const random = new Random(7, Stream.weights);
  return Array.from({ length: shards }, (_, shard) =>
    Float32Array.from({ length: SIZE }, (_, i) => {
      random.seek(shard * SIZE + i);
      return random.normal() * 2 ** (random.below(20) - 10);
    }));
}
const samplesOf = (shards: number) => Array.from({ length: shards }, (_, shard) => 6 + shard % 3);

function mean(slots: readonly Float32Array[], samples: readonly number[]): Float32Array {
  const out = new Float32Array(SIZE);
  createTreeMean(slots.length).mean(slots, coefficients(samples), out, 0, SIZE);
  return out;
}

Deno.test("mean() equals the tree by its definition, bit for bit", () => {
  for (const shards of SHARDS) {
    const slots = slotsOf(shards);
    assertEquals(mean(slots, samplesOf(shards)), plainMean(slots, samplesOf(shards)), `${shards} shards`);
  }
});

Deno.test("mean() is no left-to-right sum: the order of the tree shows in the bits", () => {
  const slots = slotsOf(8);
  const shares = coefficients(samplesOf(8));
  const leftToRight = slots[0]!.map((_, i) =>
    slots.reduce((sum, slot, shard) => Math.fround(sum + Math.fround(shares[shard]! * slot[i]!)), 0)
  );
  assert(mean(slots, samplesOf(8)).some((value, i) => value !== leftToRight[i]));
});

Deno.test("mean() gives the same bits for any split of the range", () => {
  const slots = slotsOf(5);
  const samples = samplesOf(5);
  const whole = mean(slots, samples);
  const edges = fc.uniqueArray(fc.integer({ min: 0, max: SIZE }), { maxLength: 6 });
  fc.assert(
    fc.property(edges, (inner) => {
      const parts = [0, ...inner, SIZE].sort((a, b) => a - b);
      const out = new Float32Array(SIZE);
      const tree = createTreeMean(5);
      for (let part = 1; part < parts.length; part++) {
        tree.mean(slots, coefficients(samples), out, parts[part - 1]!, parts[part]!);
      }
      assertEquals(out, whole);
    }),
    { numRuns: 30 },
  );
});

Deno.test("mean() writes nothing outside of its range", () => {
  const out = new Float32Array(SIZE).fill(9);
  createTreeMean(3).mean(slotsOf(3), coefficients([1, 1, 1]), out, 100, 1300);
  assert(out.every((value, i) => (value === 9) === (i < 100 || i >= 1300)));
});

Deno.test("mean() accepts nodes that were summed elsewhere", () => {
  // A worker that sums only shards 4 to 6, with the weights of the whole, gives a node that the rest can use unchanged.
  const slots = slotsOf(7);
  const shares = coefficients(samplesOf(7));
  const [left, right] = [[0, 4], [4, 7]].map(([first, last]) => {
    const out = new Float32Array(SIZE);
    createTreeMean(last! - first!).mean(slots.slice(first, last), shares.subarray(first, last), out, 0, SIZE);
    return out;
  });
  assertEquals(left!.map((value, i) => value + right![i]!), mean(slots, samplesOf(7)));
  assertEquals(right![3], plainNode(slots.map((slot) => slot[3]!), [...shares], 4, 7));
});

Deno.test("mean() of identical slots is that slot when their number is a power of two", () => {
  for (const shards of [1, 2, 4, 8, 16, 32]) {
    const [slot] = slotsOf(1);
    assertEquals(mean(new Array<Float32Array>(shards).fill(slot!), new Array<number>(shards).fill(50)), slot);
  }
});

Deno.test("mean() weights each shard by its samples", () => {
  const slots = [new Float32Array(SIZE).fill(1), new Float32Array(SIZE).fill(5)];
  assertEquals(mean(slots, [3, 1]), new Float32Array(SIZE).fill(2));
});

Deno.test("coefficients() are fractions that sum to 1 to 1e-6", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 9999 }), { minLength: 1, maxLength: 40 }), (samples) => {
    assertAlmostEquals(coefficients(samples).reduce((sum, share) => sum + share, 0), 1, 1e-6);
  }));
});

Deno.test("splitAt() is the greatest power of two below the size", () => {
  assertEquals([2, 3, 4, 5, 8, 9, 16, 17, 255, 256].map(splitAt), [1, 2, 2, 4, 4, 8, 8, 16, 128, 128]);
});

Deno.test("squaredDistance() sums the squares of the slots' distances from the mean", () => {
  const slots = [Float32Array.of(9, 1, 4), Float32Array.of(9, 3, 0)];
  // Elements 1 and 2: distances 1, 1 and 2, 2; means 2 and 2.
  assertEquals(squaredDistance(slots, Float32Array.of(0, 2, 2), 1, 3), 10);
});
