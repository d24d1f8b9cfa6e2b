import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { eachRowAmong } from "../../../lib/engine/reference/rows.ts";
import { STRUCT_BYTES } from "../../../lib/engine/simd/bindings.gen.ts";
import { bindKernels } from "../../../lib/engine/simd/kernels.ts";
import { ONE_LAYER } from "../../model/one_layer.ts";
import { SharedVectors } from "./shared_vectors.ts";
import { simdFixture } from "./fixture.ts";

const MOST_ROWS = 700, MOST_SHARDS = 6;
const GUARD = 16;

const vectors = new SharedVectors(4 * (MOST_ROWS + 2 * GUARD) * (MOST_SHARDS + 3));
const kernels = bindKernels(vectors.memory, vectors.allocate(STRUCT_BYTES));
const pointers = vectors.ints(MOST_SHARDS), found = vectors.ints(3), room = vectors.ints(MOST_ROWS + 2 * GUARD);
const stampRoom = Array.from({ length: MOST_SHARDS }, () => vectors.ints(MOST_ROWS + 3));

interface Search {
  readonly stamps: readonly (readonly number[])[];
  readonly stamp: number;
  readonly rows: number;
  readonly block: number;
  readonly parts: number;
  readonly first: number;
  readonly step: number;
  readonly room: number;
  /** Counts the words between the begin of a cache line and the first stamp. */
  readonly skew: number;
}

/** Returns the rows that the kernel lists, and the words around the list. */
function findRows({ stamps, stamp, rows, block, parts, first, step, room: words, skew }: Search) {
  for (const [shard, values] of stamps.entries()) {
    const own = stampRoom[shard]!.subarray(skew, skew + rows);
    own.set(values);
    pointers[shard] = own.byteOffset;
  }
  room.fill(-1);
  found.fill(-1);
  const list = room.subarray(GUARD, GUARD + words);
  kernels.findRows({
    stamps: pointers.byteOffset,
    shards: stamps.length,
    stamp,
    height: rows,
    block,
    parts,
    first,
    step,
    list: list.byteOffset,
    room: words,
    found: found.byteOffset,
  });
  return { found: [...found], list: [...list], around: [...room.subarray(0, GUARD), ...room.subarray(GUARD + words)] };
}

/** Computes the same from each stamp in turn. */
function plainly({ stamps, stamp, rows, block, parts, first, step, room: words }: Search): ReturnType<typeof findRows> {
  const touched: number[] = [], stale: number[] = [];
  for (let part = first; part < parts; part += step) {
    for (let row = 0; row < rows; row++) {
      if (Math.floor(row / block) % parts !== part) continue;
      const ages = stamps.map((values) => (stamp - values[row]!) | 0);
      if (ages.includes(0)) touched.push(row);
      else if (ages.includes(1)) stale.push(row);
    }
  }
  const list = [...touched, ...new Array<number>(words - touched.length - stale.length).fill(-1), ...stale.reverse()];
  const around = new Array<number>(room.length - words).fill(-1);
  return { found: [touched.length, stale.length, -1], list, around };
}

/** Makes stamps around `stamp` in 32 bits: of this round, of the one before, of others. */
function stampsOf(stamp: number, rows: number, density: number): fc.Arbitrary<number[]> {
  const other = fc.constantFrom(1, -2, -3, 2 ** 31, -stamp).map((away) => (stamp + away) | 0);
  const value = fc.oneof(
    { weight: density, arbitrary: fc.constant(stamp) },
    { weight: density, arbitrary: fc.constant((stamp - 1) | 0) },
    { weight: 10, arbitrary: other },
  );
  return fc.array(value, { minLength: rows, maxLength: rows });
}

const searches: fc.Arbitrary<Search> = fc.record({
  shards: fc.nat({ max: MOST_SHARDS }),
  stamp: fc.constantFrom(9, 1, 0, -1, -(2 ** 31), 2 ** 31 - 1),
  density: fc.constantFrom(0, 1, 100),
  rows: fc.nat({ max: MOST_ROWS }),
  block: fc.constantFrom(1, 3, 16, 17, 40, MOST_ROWS),
  parts: fc.constantFrom(1, 2, 7, 64),
  first: fc.nat({ max: 8 }),
  step: fc.integer({ min: 1, max: 9 }),
  skew: fc.nat({ max: 3 }),
}).chain(({ shards, density, ...search }) =>
  fc.array(stampsOf(search.stamp, search.rows, density), { minLength: shards, maxLength: shards })
    .map((stamps) => ({ ...search, stamps, room: search.rows }))
);

Deno.test("findRows() lists the rows that plain code finds, in order, for any sizes and stamps", () => {
  fc.assert(fc.property(searches, (search) => assertEquals(findRows(search), plainly(search))), { numRuns: 300 });
});

for (const rows of [1, 3, 4, 15, 16, 17, 64, 691]) {
  Deno.test(`findRows() finds all of ${rows} rows, none of them, and each single one`, () => {
    const common = { stamp: -(2 ** 31), rows, block: 16, parts: 4, first: 0, step: 1, room: rows, skew: 1 };
    const filled = (value: number) => new Array<number>(rows).fill(value);
    const check = (search: Search, counts: number[]) => {
      const actual = findRows(search);
      assertEquals(actual, plainly(search));
      assertEquals(actual.found.slice(0, 2), counts);
    };
    check({ ...common, stamps: [] }, [0, 0]);
    check({ ...common, stamps: [filled(7), filled(2 ** 31 - 2)] }, [0, 0]);
    check({ ...common, stamps: [filled(7), filled(-(2 ** 31))] }, [rows, 0]);
    check({ ...common, stamps: [filled(7), filled(2 ** 31 - 1)] }, [0, rows]);
    check({ ...common, stamps: [filled(2 ** 31 - 1), filled(-(2 ** 31))] }, [rows, 0]);
    for (let row = 0; row < rows; row++) {
      check({ ...common, stamps: [filled(7), filled(7).with(row, -(2 ** 31))] }, [1, 0]);
      check({ ...common, stamps: [filled(7).with(row, 2 ** 31 - 1), filled(7)] }, [0, 1]);
    }
  });
}

Deno.test("findRows() counts rows that do not fit, and writes only to the list", () => {
  const rows = 37;
  const stamps = [Array.from({ length: rows }, (_, row) => 8 + row % 2)];
  for (let room = 0; room <= rows; room++) {
    const { found, around } = findRows({
      stamps,
      stamp: 9,
      rows,
      block: 16,
      parts: 2,
      first: 0,
      step: 1,
      room,
      skew: 0,
    });
    assertEquals(found, [18, 19, -1]);
    assertEquals(new Set(around), new Set([-1]));
  }
});

Deno.test("SimdEngine.findRows() refuses arrays outside of its memory, and stamps of too few rows", () => {
  const spec = { ...ONE_LAYER, vocabulary: 20, embedding: 4, hidden: 4, classes: 2, lstmBiases: 1 } as const;
  const { engine, vectors: shared } = simdFixture(spec, 1, 1);
  const stamps = shared.ints(20), list = shared.ints(20);
  const common = { stamp: 1, rows: 20, among: { block: 16, slices: 2, first: 0, step: 1 } };
  assertThrows(() => engine.findRows({ ...common, stamps: [stamps], list: list.slice() }), TypeError, "list");
  assertThrows(() => engine.findRows({ ...common, stamps: [stamps.slice()], list }), TypeError, "stamps");
  assertThrows(() => engine.findRows({ ...common, stamps: [stamps.subarray(1)], list }), RangeError, "stamps has 19");
});

Deno.test("eachRowAmong() visits each row of its slices once, slice after slice", () => {
  for (const rows of [0, 1, 16, 79, 80, 81, 333]) {
    const visited: number[] = [];
    const slices: number[] = [];
    for (const first of [0, 1]) {
      eachRowAmong({ block: 16, slices: 5, first, step: 2 }, rows, (row) => {
        visited.push(row);
        slices.push(Math.floor(row / 16) % 5);
      });
    }
    assertEquals(visited.toSorted((a, b) => a - b), Array.from({ length: rows }, (_, row) => row));
    assertEquals(slices, [0, 2, 4, 1, 3].flatMap((part) => slices.filter((other) => other === part)));
  }
});
