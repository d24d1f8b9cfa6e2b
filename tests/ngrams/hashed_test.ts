import { assert, assertEquals } from "@std/assert";
import { createGramFinder } from "../../lib/ngrams/hashed.ts";

const words = { order: 2, tokens: 10_000, features: 10_000 + 2 ** 19 };
const characters = { order: 4, tokens: 50, features: 50 + 2 ** 21 };

Deno.test("createGramFinder() finds tokens and then pairs in a slice of an array, each once", () => {
  const grams = createGramFinder(words);
  const found = [...grams([9, 1, 2, 1, 2, 9], 1, 5)];
  assertEquals(found.slice(0, 2), [1, 2]);
  assertEquals(found.length, 4); // 1, 2, "1 2", "2 1"
  assert(found.slice(2).every((feature) => feature >= words.tokens && feature < words.features));
  assertEquals([...grams([1, 2, 1, 2], 0, 4)], found);
  assertEquals([...grams([], 0, 0)], []);
});

Deno.test("createGramFinder() distinguishes the order of tokens", () => {
  const grams = createGramFinder(words);
  const pair = (first: number, second: number) => [...grams([first, second], 0, 2)].at(-1);
  assert(pair(1, 2) !== pair(2, 1));
});

Deno.test("createGramFinder() marks both ends of a row of characters", () => {
  const grams = createGramFinder(characters);
  // From n tokens and two marks: n of length one, then n + 1, n and n - 1 of lengths two, three and four.
  assertEquals(grams([1, 2, 3, 4, 5], 0, 5).length, 5 + 6 + 5 + 4);
  assertEquals(grams([7], 0, 1).length, 1 + 2 + 1 + 0);
});

Deno.test("createGramFinder() spreads pairs evenly: about as many collide as expected by chance", () => {
  const grams = createGramFinder(words);
  const hashed = words.features - words.tokens;
  const features = new Set<number>();
  const pairs = 100_000;
  for (let i = 0; i < pairs; i++) features.add(grams([i % 1000, 1000 + Math.floor(i / 1000)], 0, 2).at(-1)!);
  const expected = hashed * (1 - Math.exp(-pairs / hashed));
  assert(Math.abs(features.size - expected) < 0.01 * expected, `${features.size} features, expected ${expected}`);
});

Deno.test("createGramFinder() hashes tokens that have no feature of their own", () => {
  const space = { order: 2, tokens: 8192, features: 16_384 };
  const [feature] = createGramFinder(space)([999_999], 0, 1);
  assert(space.tokens < 999_999 && feature! >= space.tokens && feature! < space.features);
});
