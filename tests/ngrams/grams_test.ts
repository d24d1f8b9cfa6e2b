import { assert, assertEquals } from "@std/assert";
import { createGramFinder, gramSpace } from "../../lib/ngrams/grams.ts";

const words = gramSpace({ vocabulary: 10_000, classes: 2, totalTokens: 100_000 });
const characters = gramSpace({ vocabulary: 50, classes: 2, totalTokens: 100_000 });

Deno.test("gramSpace() uses pairs of words, and up to four characters", () => {
  assertEquals([words.order, characters.order], [2, 4]);
});

Deno.test("gramSpace() keeps weights below 2^25 for any data", () => {
  for (const vocabulary of [2, 512, 1e6]) {
    for (const classes of [2, 14, 1000, 65_535]) {
      for (const totalTokens of [1, 1e5, 1e9]) {
        const { tokens, features } = gramSpace({ vocabulary, classes, totalTokens });
        assert(tokens >= 1 && features > tokens && features * classes <= 2 ** 25, `${vocabulary}, ${classes}`);
      }
    }
  }
});

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
  const space = gramSpace({ vocabulary: 1_000_000, classes: 1000, totalTokens: 1000 });
  const [feature] = createGramFinder(space)([999_999], 0, 1);
  assert(space.tokens < 999_999 && feature! >= space.tokens && feature! < space.features);
});
