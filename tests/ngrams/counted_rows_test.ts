import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { keysOfVocabulary } from "../../lib/data/vocabulary/token_keys.ts";
import { type CountedRows, countRows, weighRows } from "../../lib/ngrams/counted_rows.ts";
import { createVectorizer } from "../../lib/ngrams/model.ts";
import { rowsOf } from "./tiny_ngrams.ts";

const SPACE = { order: 2, hasEnds: false };
const vocabulary = keysOfVocabulary(["ant", "bee", "cat", "bees"], true);
const never = () => false;
const all = Uint32Array.of(0, 1, 2, 3);
const tables = [rowsOf([[2, 3, 3, 3], [4]]), rowsOf([[5, 2], []])];

function counted(most = Infinity): CountedRows {
  const rows = countRows(tables, SPACE, vocabulary, most, never);
  assert(rows);
  return rows;
}

Deno.test("countRows() keeps every token and pair, then letters that two rows have", () => {
  const { rows, offsets, columns, counts, keys, tokenColumns } = counted();
  // Four words, and the pairs "ant bee", "bee bee" and "bees ant".
  assertEquals([rows, tokenColumns, offsets.length], [4, 7, 5]);
  // " ant " has 10 runs of letters in two rows, and " bee" 6 that do not have the end.
  assertEquals(keys.length, 7 + 10 + 6);
  assertEquals(new Set(keys).size, keys.length);
  assertEquals([...columns.subarray(0, offsets[1])].map((column, i) => column < 7 ? counts[i] : 0).sort().slice(-4), [
    1,
    1,
    2,
    3,
  ]);
});

Deno.test("countRows() leaves out the features that the fewest rows have beyond the most", () => {
  const { keys, tokenColumns, columns } = counted(8);
  assertEquals(keys.length, 8);
  assert(tokenColumns >= 1 && Math.max(...columns) === 7);
});

Deno.test("weighRows() computes a model's vectors of the same rows, but with shorter letters", () => {
  const rows = counted();
  for (const fitted of [all, Uint32Array.of(0, 1), Uint32Array.of(2)]) {
    const { offsets, columns, values, importance } = weighRows(rows, fitted, 0.75);
    const vectorize = createVectorizer({ ...rows, space: SPACE, vocabulary, importance });
    for (let row = 0; row < rows.rows; row++) {
      const vector = vectorize(tables[row >> 1]!, row & 1);
      const found = new Map(Array.from({ length: vector.count }, (_, i) => [vector.columns[i]!, vector.values[i]!]));
      for (let i = offsets[row]!; i < offsets[row + 1]!; i++) {
        const length = columns[i]! < rows.tokenColumns ? 1 : 0.75;
        assertAlmostEquals(values[i]!, length * (found.get(columns[i]!) ?? NaN), 1e-6);
      }
    }
  }
});

Deno.test("weighRows() gives no importance to features that the fitted rows do not have", () => {
  const { importance } = weighRows(counted(), Uint32Array.of(1), 1);
  assertEquals(importance.filter((value) => value > 0).length, 1);
  const { importance: ofAll } = weighRows(counted(), all, 1);
  // "ant" is in two of four rows, "cat" in one.
  assert(ofAll.some((value) => Math.abs(value - (Math.log(5 / 3) + 1)) < 1e-6));
  assert(ofAll.some((value) => Math.abs(value - (Math.log(5 / 2) + 1)) < 1e-6));
});

Deno.test("countRows() ends without a result when it is stopped", () => {
  assertEquals(countRows(tables, SPACE, vocabulary, 1, () => true), undefined);
});
