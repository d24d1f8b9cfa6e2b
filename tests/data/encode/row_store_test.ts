import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Duplicates } from "../../../lib/data/findings/duplicates.ts";
import { RowStore } from "../../../lib/data/encode/row_store.ts";

const uint32 = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
const row = fc.record({
  step: fc.integer({ min: 1, max: 100_000 }),
  labels: fc.array(fc.integer({ min: 0, max: 65_535 }), { maxLength: 4 }),
  length: fc.integer({ min: 0, max: 10_000_000 }),
  tokens: fc.array(uint32, { maxLength: 20 }),
});

Deno.test("RowStore returns every row unchanged, and is empty when released", () => {
  fc.assert(fc.property(fc.array(fc.array(row, { maxLength: 10 }), { maxLength: 4 }), (sources) => {
    const store = new RowStore();
    const added: unknown[] = [];
    sources.forEach((rows, source) => {
      let line = 0;
      for (const { step, labels, length, tokens } of rows) {
        line += step;
        const first = Math.floor(store.rows / 2);
        added.push({ row: store.rows, source, line, labels, length, first, count: tokens.length, tokens });
        // The first and the last token do not belong to the row.
        store.add({ source, line, labels, length, first }, Uint32Array.from([7, ...tokens, 9]), 1, tokens.length);
      }
    });
    for (const release of [false, false, true]) {
      const seen: unknown[] = [];
      store.scan(
        (row) => seen.push({ ...row, labels: [...row.labels], tokens: Array.from(row.tokens.subarray(0, row.count)) }),
        release,
      );
      assertEquals(seen, added);
    }
    assertEquals([store.rows, store.bytes], [0, 0]);
  }));
});

Deno.test("RowStore takes about a byte for each small number, also over many chunks", () => {
  const store = new RowStore();
  const ids = new Uint32Array(100).fill(100);
  for (let line = 1; line <= 50_000; line++) {
    store.add({ source: 0, line, labels: [1], length: 100, first: line - 1 }, ids, 0, 100);
  }
  assert(store.bytes < 50_000 * 130, `${store.bytes} bytes`);
  let tokens = 0;
  store.scan(({ count, line, row }) => {
    assertEquals(line, row + 1);
    tokens += count;
  });
  assertEquals(tokens, 5_000_000);
});

Deno.test("Duplicates finds the first row with the same tokens, like a Map of strings", () => {
  const rows = fc.array(fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 4 }), { maxLength: 100 });
  fc.assert(fc.property(rows, (rows) => {
    const duplicates = new Duplicates();
    const map = new Map<string, number>();
    rows.forEach((tokens, row) => {
      const key = tokens.join(" ");
      if (!map.has(key)) map.set(key, row);
      const first = map.get(key)!;
      assertEquals(duplicates.add(Uint32Array.from(tokens), tokens.length, row, row % 7), { first, label: first % 7 });
    });
  }));
});

Deno.test("Duplicates distinguishes 200,000 rows, and is bounded", () => {
  const duplicates = new Duplicates(100_000);
  const ids = new Uint32Array(3);
  const row = (index: number) => ids.set([index, index >> 8, 5]);
  for (let index = 0; index < 200_000; index++) {
    row(index);
    assertEquals(duplicates.add(ids, 3, index, 0).first, index);
  }
  assertEquals(duplicates.isWhole, false);
  row(99_999);
  assertEquals(duplicates.find(ids, 3)?.first, 99_999);
  row(100_000);
  assertEquals(duplicates.find(ids, 3), undefined);
});
