import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createBatch } from "../../lib/data/batch.ts";
import { copyReplicaRows, eachRowBlock, eachRun, stampOf, touchRows } from "../../lib/lockstep/rows.ts";

Deno.test("stampOf() numbers rounds from 1, in 32 bits", () => {
  assertEquals([0, 6, 2 ** 31 - 1, 2 ** 32].map(stampOf), [1, 7, -(2 ** 31), 1]);
});

Deno.test("touchRows() stamps the tokens of a batch, and names each once, padding aside", () => {
  const batch = createBatch(2, 3);
  batch.tokens.set([4, 2, 4, 0, 5, 5]);
  batch.lengths.set([3, 1]);
  const stamps = Int32Array.of(7, 7, 8, 0, 0, 0);
  const first: number[] = [];
  touchRows(batch, stamps, 8, (row) => first.push(row));
  assertEquals(first, [4, 0]);
  assertEquals([...stamps], [8, 7, 8, 0, 8, 0]);
});

Deno.test("eachRowBlock() gives every row to one worker, whatever their number", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 9 }), fc.nat({ max: 200 }), (workers, rows) => {
    const owners = new Array<number>(rows).fill(0);
    const blocks: number[] = [];
    for (let worker = 0; worker < workers; worker++) {
      eachRowBlock(worker, workers, rows, (begin, end, block) => {
        blocks.push(block);
        for (let row = begin; row < end; row++) owners[row]!++;
      });
    }
    assertEquals(owners, new Array(rows).fill(1));
    assertEquals(blocks.toSorted((a, b) => a - b), Array.from({ length: Math.ceil(rows / 16) }, (_, block) => block));
  }));
});

Deno.test("eachRun() names every touched and stale row once, alike within a run", () => {
  const stamp = fc.constantFrom(9, 9, 8, 3);
  const tables = fc.integer({ min: 1, max: 4 }).chain((shards) =>
    fc.array(fc.array(stamp, { minLength: 24, maxLength: 24 }), { minLength: shards, maxLength: shards })
  );
  fc.assert(fc.property(tables, fc.nat({ max: 24 }), fc.nat({ max: 24 }), (table, begin, end) => {
    const stamps = table.map((values) => Int32Array.from(values));
    const names = new Array<string>(24).fill("");
    const named = (name: string) => (first: number, last: number) => {
      for (let row = first; row < last; row++) {
        names[row] += name;
        if (name === "touched") assertEquals(stamps.map((s) => s[row] === 9), stamps.map((s) => s[first] === 9));
      }
    };
    eachRun(stamps, 9, begin, end, { touched: named("touched"), stale: named("stale") });
    for (let row = 0; row < 24; row++) {
      const ofRow = stamps.map((values) => values[row]!);
      const expected = ofRow.includes(9) ? "touched" : ofRow.includes(8) ? "stale" : "";
      assertEquals(names[row], row >= begin && row < end ? expected : "", `row ${row}`);
    }
  }));
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
