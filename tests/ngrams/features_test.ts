import { assertEquals, assertNotEquals } from "@std/assert";
import { keysOfVocabulary, TokenKeyList } from "../../lib/data/vocabulary/token_keys.ts";
import { UNKNOWN } from "../../lib/data/vocabulary/vocabulary.ts";
import { unitsOf } from "../../lib/data/vocabulary/interner.ts";
import { createFeatureFinder, type NgramRows, type NgramSpace } from "../../lib/ngrams/features.ts";
import { KeyTable } from "../../lib/ngrams/key_table.ts";
import { rowsOf } from "./tiny_ngrams.ts";

const WORDS: NgramSpace = { order: 2, hasEnds: false };
const EVENTS: NgramSpace = { order: 4, hasEnds: true };
const known = ["a", "bee", "see", "dee"];

/** Returns the features of each row: `[column, count]`, in order of their columns. */
function featuresOf(rows: NgramRows, space: NgramSpace, hasLetters = false): number[][][] {
  const table = new KeyTable();
  const find = createFeatureFinder(space, keysOfVocabulary(known, hasLetters), (key) => table.add(key));
  return Array.from({ length: rows.offsets.length - 1 }, (_, row) => {
    const { count, columns, counts } = find(rows, row);
    return Array.from({ length: count }, (_, i) => [columns[i]!, counts[i]!]).sort(([a], [b]) => a! - b!);
  });
}

Deno.test("createFeatureFinder() counts tokens and pairs, wherever they stand", () => {
  const [first, second, none] = featuresOf(rowsOf([[2, 3, 2, 3], [3, 2, 3, 2], []]), WORDS);
  // Tokens 2 and 3, "2 3" twice, and "3 2" once.
  assertEquals(first!.map(([, count]) => count).sort(), [1, 2, 2, 2]);
  assertEquals(second!.length, 4);
  assertNotEquals(first, second);
  assertEquals(none, []);
});

Deno.test("createFeatureFinder() marks both ends of a row of events", () => {
  // From n tokens and two marks: n of length one, then n + 1, n and n - 1 of lengths two, three and four.
  const total = (row: number[][]) => row.reduce((sum, [, count]) => sum + count!, 0);
  const rows = featuresOf(rowsOf([[2, 3, 4, 5, 2], [3]]), EVENTS);
  assertEquals(rows.map(total), [5 + 6 + 5 + 4, 1 + 2 + 1]);
});

Deno.test("createFeatureFinder() counts letters inside words", () => {
  // " a " has 2 + 1 runs of letters; " bee " has 4 + 3 + 2 + 1, and one more word.
  const [a, bee] = featuresOf(rowsOf([[2], [3]]), WORDS, true);
  assertEquals([a!.length, bee!.length], [1 + 3, 1 + 10]);
});

Deno.test("createFeatureFinder() reads unknown words by their letters, each at its place", () => {
  const keys = new TokenKeyList(true);
  for (const word of ["bees", "dee", "bees"]) keys.add(unitsOf(word), 0, word.length);
  const rows = {
    tokens: [2, UNKNOWN, UNKNOWN, 3, UNKNOWN],
    offsets: [0, 2, 5],
    unknown: { before: Uint32Array.of(0, 1, 3), keys: keys.keys() },
  };
  const [first, second, dee] = featuresOf(
    {
      ...rows,
      tokens: [...rows.tokens, 5],
      offsets: [0, 2, 5, 6],
      unknown: { ...rows.unknown, before: Uint32Array.of(0, 1, 3, 3) },
    },
    WORDS,
    true,
  );
  const columns = (row: number[][]) => new Set(row.map(([column]) => column));
  // "bees" has 5 + 4 + 3 + 2 runs and itself; "a bees" is a pair.
  assertEquals(first!.length, 1 + 3 + 1 + 14 + 1);
  // An unknown word that is spelled as a known one has its features.
  assertEquals(columns(dee!).difference(columns(second!)).size, 0);
});

Deno.test("createFeatureFinder() finds nothing in a token without a spelling", () => {
  const [row] = featuresOf(rowsOf([[UNKNOWN, 0, UNKNOWN]]), WORDS, true);
  assertEquals(row, []);
});

Deno.test("KeyTable numbers thousands of keys in their order", () => {
  const table = new KeyTable();
  const keys = Array.from({ length: 5000 }, (_, i) => Math.imul(i, 0x9E3779B1) >>> 0);
  for (const key of keys) table.add(key);
  for (const key of keys) table.add(key);
  assertEquals(table.size, keys.length);
  assertEquals(keys.map((key) => table.find(key)), keys.map((_, index) => index));
  assertEquals(keys.map((_, index) => table.key(index)), keys);
  assertEquals(table.find(12_345), -1);
});

Deno.test("KeyTable takes half a million keys that were chosen to have the same low bits", () => {
  // By their low bits they would fall into 256 of two million slots, and each would be compared with thousands.
  const keys = Uint32Array.from({ length: 2 ** 19 }, (_, i) => (i % 256) + (i >>> 8) * 2 ** 21);
  const table = KeyTable.of(keys);
  assertEquals(table.size, keys.length);
  for (let i = 0; i < keys.length; i += 1009) assertEquals([table.find(keys[i]!), table.find(keys[i]! + 256)], [i, -1]);
});
