import { assertEquals } from "@std/assert";
import { chooseVocabulary, searchedTokens, type WordVectors } from "../../../lib/data/vocabulary/choose_vocabulary.ts";
import { unitsOf } from "../../../lib/data/vocabulary/interner.ts";
import { ProvisionalTokens } from "../../../lib/data/vocabulary/provisional.ts";

/** Numbers words, and gives them these counts in the training rows. */
function counted(occurrences: Readonly<Record<string, number>>) {
  const tokens = new ProvisionalTokens();
  const ids = Object.keys(occurrences).map((word) => tokens.add(unitsOf(word), 0, word.length));
  const counts = new Uint32Array(tokens.end);
  Object.values(occurrences).forEach((count, index) => counts[ids[index]!] = count);
  return { tokens, counts, idOf: (word: string) => tokens.find(word) };
}

const vectors = (...words: string[]): WordVectors => ({
  width: 2,
  words,
  values: Float32Array.from(words.flatMap((_, index) => [index, 10 + index])),
});

const occurrences = { the: 9, rare: 1, gone: 1, often: 5, plain: 4, unseen: 0 };
const options = { minCount: 2, maxVocabulary: 100 } as const;

Deno.test("chooseVocabulary() keeps frequent tokens, the most frequent first", () => {
  const { tokens, counts, idOf } = counted(occurrences);
  const { vocabulary, ids, statistics, vectors } = chooseVocabulary(counts, tokens, options, 20);
  assertEquals(vocabulary.tokens(), ["the", "often", "plain"]);
  assertEquals(["the", "plain", "rare", "unseen"].map((word) => ids[idOf(word)]), [2, 4, 1, 1]);
  assertEquals(statistics, { size: 5, known: 3, distinct: 5, once: 2, forgotten: 0 });
  assertEquals(vectors, undefined);
});

Deno.test("chooseVocabulary() puts tokens with vectors last, and those that no row has behind them", () => {
  const { tokens, counts, idOf } = counted(occurrences);
  assertEquals([...searchedTokens(counts, tokens, options)].sort(), ["gone", "often", "plain", "rare", "the"]);
  const chosen = chooseVocabulary(counts, tokens, options, 20, vectors("other", "often", "the", "unseen", "rare"));
  assertEquals(chosen.vocabulary.tokens(), ["plain", "the", "often", "rare", "other", "unseen"]);
  assertEquals(["plain", "the", "rare", "gone", "unseen"].map((word) => chosen.ids[idOf(word)]), [2, 3, 5, 1, 7]);
  assertEquals(chosen.vectors, {
    first: 3,
    width: 2,
    ofRows: 3,
    values: Float32Array.of(2, 12, 1, 11, 4, 14, 0, 10, 3, 13),
  });
  const coverage = { width: 2, words: 3, share: 15 / 20, others: 2 };
  assertEquals(chosen.statistics, { size: 8, known: 4, distinct: 5, once: 2, forgotten: 0, vectors: coverage });
});

Deno.test("chooseVocabulary() looks up only as many tokens of the rows as there may be", () => {
  const { tokens, counts, idOf } = counted(occurrences);
  const few = { ...options, maxVocabulary: 4 };
  assertEquals([...searchedTokens(counts, tokens, few)], ["the", "often"]);
  const { vocabulary, ids } = chooseVocabulary(counts, tokens, few, 20, vectors("often", "plain"));
  assertEquals(vocabulary.tokens(), ["the", "often", "plain"]);
  assertEquals(ids[idOf("plain")], 4);
});
