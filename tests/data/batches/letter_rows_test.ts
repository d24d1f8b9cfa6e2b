import { assertEquals } from "@std/assert";
import { createBatch, MOST_ROWS_OF_VECTOR } from "../../../lib/data/batches/batch.ts";
import { fillBatch } from "../../../lib/data/batches/fill_batch.ts";
import { createVectorNumbers, mostUnknown, wordRows } from "../../../lib/data/batches/letter_rows.ts";
import { keysOfVocabulary, TokenKeyList } from "../../../lib/data/vocabulary/token_keys.ts";
import { unitsOf } from "../../../lib/data/vocabulary/interner.ts";
import { tableOf } from "../tables.ts";

const shape = { vocabulary: 4, letterRows: 50 };
const known = keysOfVocabulary(["ant", "bee"], true);

/** Returns a table whose tokens with the id 1 are `names`, in order; undefined is one without a spelling. */
function tableWith(rows: readonly (readonly number[])[], names: readonly (string | undefined)[]) {
  const list = new TokenKeyList(true);
  for (const name of names) list.add(unitsOf(name ?? ""), name === undefined ? -1 : 0, name?.length ?? -1);
  const before = rows.map((_, row) => rows.slice(0, row).flat().filter((id) => id === 1).length);
  const unknown = { before: Uint32Array.from([...before, names.length]), keys: list.keys() };
  return { ...tableOf(rows, rows.map(() => 0)), unknown };
}

/** Returns the rows of a word by its letters, however it is listed. */
function rowsOf(word: string, own: number): number[] {
  const list = new Int32Array(MOST_ROWS_OF_VECTOR);
  return [...list.subarray(0, wordRows(shape, own, keysOfVocabulary([word], true), 2, list, 0))];
}

Deno.test("createVectorNumbers() lists the rows of each known word once, and of all unknown ones", () => {
  const table = tableWith([[2, 1, 3], [3, 1, 1, 0]], ["bees", undefined, "ant"]);
  const batch = createBatch(2, 4, undefined, 8);
  const number = createVectorNumbers(shape, known);
  // Twice, as a batch must leave nothing to the next one.
  for (let time = 0; time < 2; time++) {
    fillBatch(batch, table, [1, 0], 0, 2);
    number(batch, table, [1, 0], 0);
    const { count, offsets, rows } = batch.vectors!;
    const lists = Array.from(
      { length: count },
      (_, vector) => [...rows.subarray(offsets[vector], offsets[vector + 1])],
    );
    assertEquals(lists, [rowsOf("bee", 3), [1], rowsOf("ant", 1), [0], rowsOf("ant", 2), rowsOf("bees", 1)]);
    assertEquals([...batch.tokens.subarray(0, 4)], [0, 1, 2, 3]);
    assertEquals([...batch.tokens.subarray(4, 7)], [4, 5, 0]);
  }
});

Deno.test("createVectorNumbers() without keys takes the rows of known words as their vectors", () => {
  const table = tableWith([[2, 1, 3, 2]], ["bees"]);
  const batch = createBatch(1, 4, undefined, 4);
  fillBatch(batch, table, undefined, 0, 1);
  createVectorNumbers(shape)(batch, table, undefined, 0);
  const { count, offsets, rows } = batch.vectors!;
  assertEquals([...rows.subarray(0, offsets[count])], [2, ...rowsOf("bees", 1), 3]);
  assertEquals([...batch.tokens], [0, 1, 2, 0]);
});

Deno.test("wordRows() gives words with the same letters the same rows, and at most as many as fit", () => {
  const [bee, bees] = ["bee", "bees"].map((word) => rowsOf(word, 1));
  // " be", " bee" and "bee" are in both.
  assertEquals(bees!.slice(1).filter((row) => bee!.includes(row)).length >= 3, true);
  assertEquals([bee, bees].flat().every((row) => row === 1 || (row! >= 4 && row! < 54)), true);
  assertEquals(rowsOf("b".repeat(1000), 1).length, MOST_ROWS_OF_VECTOR);
});

Deno.test("wordRows() lists a row for each run of 3 to 5 letters, with the ends of the word", () => {
  const list = new Int32Array(MOST_ROWS_OF_VECTOR);
  for (let length = 0; length <= 15; length++) {
    const word = "abcdefghijklmno".slice(0, length);
    const count = wordRows({ vocabulary: 3, letterRows: 2 ** 30 }, 2, keysOfVocabulary([word], true), 2, list, 0);
    const runs = [3, 4, 5].map((letters) => Math.max(0, length + 3 - letters));
    assertEquals(count, 1 + runs.reduce((sum, some) => sum + some), word);
    // The pair " a" has a key, and no row.
    const pair = keysOfVocabulary([word.slice(0, 2)], true).keys[1];
    if (length > 3) assertEquals(list.subarray(0, count).includes(3 + pair! % 2 ** 30), false, word);
  }
});

Deno.test("mostUnknown() counts the unknown tokens of the rows that have most of them", () => {
  const table = tableWith([[1], [2, 3], [1, 1, 1], [1, 2, 1]], ["a", "b", "c", "d", "e", "f"]);
  assertEquals([1, 2, 3, 9].map((size) => mostUnknown(table, size)), [3, 5, 6, 6]);
  assertEquals(mostUnknown(tableOf([[1]], [0]), 1), 0);
});
