import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { Random, Stream, threefry2x32 } from "../lib/base/numbers/random.ts";

// Lines "threefry2x32 20" of kat_vectors in the authors' Random123: counter, key, result.
const KNOWN = [
  [[0x00000000, 0x00000000], [0x00000000, 0x00000000], [0x6b200159, 0x99ba4efe]],
  [[0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], [0x1cb996fc, 0xbb002be7]],
  [[0x243f6a88, 0x85a308d3], [0x13198a2e, 0x03707344], [0xc4923a9c, 0x483df7a0]],
] as const;

for (const [counter, key, expected] of KNOWN) {
  Deno.test(`threefry2x32() gives Random123's known answer for counter ${counter[0].toString(16)}`, () => {
    const out = new Uint32Array(2);
    threefry2x32(key[0], key[1], counter[0], counter[1], out);
    assertEquals([...out], [...expected]);
  });
}

const DRAWS = 100_000;
const random = () => new Random(42, Stream.trainingData);
function draws<T>(draw: (random: Random) => T): T[] {
  const source = random();
  return Array.from({ length: DRAWS }, (_, index) => draw(source.seek(index)));
}

Deno.test("uniform() fills [0, 1) evenly", () => {
  const bins = new Array<number>(100).fill(0);
  for (const value of draws((source) => source.uniform())) bins[Math.floor(value * 100)]!++;
  const expected = DRAWS / 100;
  const chiSquared = bins.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  assert(chiSquared > 60 && chiSquared < 149, `χ² of 99 degrees of freedom is ${chiSquared}`); // p from 0.001 to 0.999
});

Deno.test("below() gives every whole number below its bound about equally often, and no other", () => {
  const counts = new Map<number, number>();
  for (const value of draws((source) => source.below(7))) counts.set(value, (counts.get(value) ?? 0) + 1);
  assertEquals([...counts.keys()].sort(), [0, 1, 2, 3, 4, 5, 6]);
  for (const count of counts.values()) assertAlmostEquals(count / DRAWS, 1 / 7, 0.005);
});

Deno.test("below() stays below any bound", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 31 }), fc.nat(), (bound, index) => {
    const value = random().seek(index).below(bound);
    assert(Number.isInteger(value) && value >= 0 && value < bound);
  }));
});

Deno.test("normal() has the moments of a standard normal", () => {
  const values = draws((source) => source.normal());
  const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / DRAWS;
  assertAlmostEquals(moment(1), 0, 0.015); // about 4 standard errors each
  assertAlmostEquals(moment(2), 1, 0.02);
  assertAlmostEquals(moment(3), 0, 0.05);
  assertAlmostEquals(moment(4), 3, 0.13);
  assert(values.every(Number.isFinite));
});

Deno.test("seek() makes an item's numbers independent of earlier draws", () => {
  const sequence = (source: Random) => [source.bits(), source.uniform(), source.below(10), source.normal()];
  fc.assert(fc.property(fc.array(fc.maxSafeNat().map((n) => n % 2 ** 52), { minLength: 1, maxLength: 9 }), (items) => {
    const source = random();
    const forwards = items.map((item) => sequence(source.seek(item)));
    const backwards = items.toReversed().map((item) => sequence(source.seek(item))).toReversed();
    assertEquals(forwards, backwards);
    assertEquals(forwards[0], sequence(random().seek(items[0]!)));
  }));
});

Deno.test("bits() differs between items, streams, seeds and successive draws", () => {
  const first = (seed: number, stream: Stream, item: number, skip = 0) => {
    const source = new Random(seed, stream).seek(item);
    for (let i = 0; i < skip; i++) source.bits();
    return source.bits();
  };
  const values = [
    first(1, Stream.weights, 0),
    first(2, Stream.weights, 0),
    first(1, Stream.heldOutData, 0),
    first(1, Stream.weights, 1),
    first(1, Stream.weights, 2 ** 32),
    first(1, Stream.weights, 0, 1),
    first(1, Stream.weights, 0, 2),
    first(1, Stream.weights, 0, 3),
  ];
  assertEquals(new Set(values).size, values.length);
  assertNotEquals(draws((source) => source.bits()).slice(0, 4), [0, 0, 0, 0]);
});

Deno.test("wordAt() gives an item's words in any order, equal to those of bits() and of blocks", () => {
  const positions = fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 30 });
  fc.assert(fc.property(positions, fc.nat(), (asked, item) => {
    const inOrder = random().seek(item);
    const words = Array.from({ length: 41 }, () => inOrder.bits());
    const source = random().seek(item);
    assertEquals(asked.map((position) => source.wordAt(position)), asked.map((position) => words[position]));
  }));
  const block = new Uint32Array(2);
  threefry2x32(42, Stream.trainingData, 9, 2 ** 31 + 5, block);
  assertEquals(random().seek(9).wordAt(2 ** 32 + 10), block[0]);
  assertEquals(random().seek(9).wordAt(2 ** 32 + 11), block[1]);
});

Deno.test("wordAt() does not change the next draw of bits(), and follows seek()", () => {
  const source = random().seek(3);
  const [first, second] = [source.bits(), source.bits()];
  source.seek(3).wordAt(17);
  assertEquals([source.bits(), source.wordAt(0), source.bits()], [first, first, second]);
  assertNotEquals(source.seek(4).wordAt(0), first);
});
