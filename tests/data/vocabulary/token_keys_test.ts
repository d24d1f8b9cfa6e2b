import { assertEquals, assertNotEquals } from "@std/assert";
import { unitsOf } from "../../../lib/data/vocabulary/interner.ts";
import { ProvisionalTokens } from "../../../lib/data/vocabulary/provisional.ts";
import { keysOfVocabulary, TokenKeyList, type TokenKeys } from "../../../lib/data/vocabulary/token_keys.ts";

const keysOf = ({ offsets, keys }: TokenKeys, token: number) => [...keys.subarray(offsets[token], offsets[token + 1])];

function listOf(words: readonly string[], hasLetters: boolean): TokenKeyList {
  const list = new TokenKeyList(hasLetters);
  for (const word of words) list.add(unitsOf(word), 0, word.length);
  return list;
}

Deno.test("TokenKeyList has a key a token, and one for each run of 2 to 5 letters with the edges", () => {
  const words = ["", "a", "to", "tomato", "𝒳y"];
  assertEquals(words.map((_, token) => keysOf(listOf(words, false).keys(), token).length), [1, 1, 1, 1, 1]);
  // n letters with edges have n + 1, n, n - 1 and n - 2 runs; the word itself has a key as well.
  assertEquals(words.map((_, token) => keysOf(listOf(words, true).keys(), token).length), [2, 4, 7, 23, 11]);
});

Deno.test("TokenKeyList gives letters the same key in every word, and a word spelled alike another", () => {
  const keys = listOf(["tomato", "potato", "at"], true).keys();
  const shared = new Set(keysOf(keys, 0)).intersection(new Set(keysOf(keys, 1)));
  // "at", "to", "o ", "ato", "to " and "ato ".
  assertEquals(shared.size, 6);
  const [word] = keysOf(keys, 2);
  assertEquals(keysOf(keys, 0).includes(word!), false);
});

Deno.test("TokenKeyList does not depend on where a token lies in its units", () => {
  const list = new TokenKeyList(true);
  list.add(unitsOf("my tomato, please"), 3, 9);
  assertEquals(list.keys(), listOf(["tomato"], true).keys());
});

Deno.test("TokenKeyList gives no keys to a token without a spelling, and takes those of another list", () => {
  const list = listOf(["one"], true);
  list.add(unitsOf(""), -1, -1);
  list.addAll(listOf(["two", "three"], true).keys());
  assertEquals(list.size, 4);
  const keys = list.keys();
  assertEquals(keysOf(keys, 1), []);
  assertEquals(keysOf(keys, 3), keysOf(listOf(["three"], true).keys(), 0));
});

Deno.test("keysOfVocabulary() has the keys of tokens by their ids; padding and unknown have none", () => {
  const keys = keysOfVocabulary(["one", "two"], true);
  assertEquals([0, 1].map((id) => keysOf(keys, id)), [[], []]);
  assertEquals(keysOf(keys, 3), keysOf(listOf(["two"], true).keys(), 0));
  assertNotEquals(keysOf(keys, 2), keysOf(keys, 3));
});

Deno.test("ProvisionalTokens adds the keys of a token by its id, and none of one that it forgot", () => {
  const tokens = new ProvisionalTokens(2);
  const ids = ["often", "often", "rare", "often", "new"].map((word) => tokens.add(unitsOf(word), 0, word.length));
  const list = new TokenKeyList(true);
  const add = tokens.adder(list);
  for (const id of ids) add(id);
  const keys = list.keys();
  assertEquals(keysOf(keys, 0), keysOf(listOf(["often"], true).keys(), 0));
  assertEquals(keysOf(keys, 2), []);
});
