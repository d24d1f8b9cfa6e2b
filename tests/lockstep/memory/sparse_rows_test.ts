import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { createBatch } from "../../../lib/data/batches/batch.ts";
import { findRows } from "../../../lib/engine/reference/rows.ts";
import {
  copyReplicaRows,
  createRowFinder,
  mostRowsOf,
  rowsOf,
  stampOf,
  touchRows,
} from "../../../lib/lockstep/memory/sparse_rows.ts";

Deno.test("stampOf() numbers rounds from 1, in 32 bits", () => {
  assertEquals([0, 6, 2 ** 31 - 1, 2 ** 32].map(stampOf), [1, 7, -(2 ** 31), 1]);
});

Deno.test("touchRows() stamps the tokens of a batch, each once and without padding", () => {
  const batch = createBatch(2, 3);
  batch.tokens.set([4, 2, 4, 0, 5, 5]);
  batch.lengths.set([3, 1]);
  const stamps = Int32Array.of(7, 7, 8, 0, 0, 0);
  const first: number[] = [];
  touchRows(batch, stamps, 8, (row) => first.push(row));
  assertEquals(first, [4, 0]);
  assertEquals([...stamps], [8, 7, 8, 0, 8, 0]);
});

Deno.test("rowsOf() gives every row to one worker, for any number of workers", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 90 }), fc.nat({ max: 3000 }), (workers, rows) => {
    const owners = new Array<number>(rows).fill(0);
    for (let worker = 0; worker < workers; worker++) {
      const own = rowsOf(worker, workers, rows);
      assert(own.length <= mostRowsOf(workers, rows));
      for (const row of own) owners[row]!++;
    }
    assertEquals(owners, new Array(rows).fill(1));
  }));
});

Deno.test("a row finder lists touched and stale rows once, in slices that do not depend on workers", () => {
  const stamp = fc.constantFrom(9, 9, 8, 3);
  const tables = fc.record({ shards: fc.integer({ min: 1, max: 4 }), rows: fc.nat({ max: 1500 }) })
    .chain(({ shards, rows }) =>
      fc.array(fc.array(stamp, { minLength: rows, maxLength: rows }), { minLength: shards, maxLength: shards })
    );
  fc.assert(
    fc.property(tables, fc.integer({ min: 1, max: 70 }), (table, workers) => {
      const stamps = table.map((values) => Int32Array.from(values));
      const rows = stamps[0]!.length;
      const find = (worker: number, among: number) =>
        createRowFinder({ findRows }, worker, among, rows, new Int32Array(mostRowsOf(among, rows)))(stamps, 9);
      const alone = new Map<number, number[]>();
      find(0, 1).eachSlice((slice, touched) => alone.set(slice, [...touched]));
      const slices = new Map<number, number[]>();
      const names = new Array<string>(rows).fill("");
      for (let worker = 0; worker < workers; worker++) {
        const { touched, stale, eachSlice } = find(worker, workers);
        for (const row of touched) names[row] += "touched";
        for (const row of stale) names[row] += "stale";
        const inSlices: number[] = [];
        eachSlice((slice, own) => {
          slices.set(slice, [...own]);
          inSlices.push(...own);
        });
        assertEquals(inSlices, [...touched]);
      }
      assertEquals([...slices].toSorted(([a], [b]) => a - b), [...alone]);
      for (let row = 0; row < rows; row++) {
        const ofRow = stamps.map((values) => values[row]!);
        assertEquals(names[row], ofRow.includes(9) ? "touched" : ofRow.includes(8) ? "stale" : "", `row ${row}`);
      }
    }),
    { numRuns: 30 },
  );
});

Deno.test("copyReplicaRows() copies these rows of weights, m and v, and no other", () => {
  const replica = (value: number) => ({
    weights: new Float32Array(8).fill(value),
    m: new Float32Array(8).fill(value + 1),
    v: new Float32Array(8).fill(value + 2),
  });
  const into = replica(10);
  copyReplicaRows(replica(0), into, 1, 3, 2);
  assertEquals([...into.weights], [10, 10, 0, 0, 0, 0, 10, 10]);
  assertEquals([...into.m], [11, 11, 1, 1, 1, 1, 11, 11]);
  assertEquals([...into.v], [12, 12, 2, 2, 2, 2, 12, 12]);
});
