import { assert } from "@std/assert";
import type { EncodedTable } from "../../lib/data/batches/table.ts";
import { keysOfVocabulary } from "../../lib/data/vocabulary/token_keys.ts";
import { Random, Stream } from "../../lib/base/numbers/random.ts";
import { evaluateBaseline, predictRows } from "../../lib/ngrams/evaluate.ts";
import { ngramSpace } from "../../lib/ngrams/features.ts";
import { trainBaseline } from "../../lib/ngrams/train.ts";

const CLASSES = 3;
/** Syllables that say the class of a word, and others. */
const SYLLABLES = 20;

/** Makes `count` words with a syllable of their class among three. */
function randomWords(count: number, seed: number): { readonly words: string[]; readonly labels: number[] } {
  const random = new Random(seed, Stream.trainingData).seek(0);
  const syllable = () => Array.from({ length: 3 }, () => "abcdefghijkl"[random.below(12)]!).join("");
  const syllables = Array.from({ length: CLASSES * SYLLABLES }, syllable);
  const labels = Array.from({ length: count }, () => random.below(CLASSES));
  const words = labels.map((label) => {
    const parts = [syllable(), syllable()];
    parts.splice(random.below(3), 0, syllables[label * SYLLABLES + random.below(SYLLABLES)]!);
    return parts.join("");
  });
  return { words, labels };
}

/** Returns rows of one word each, from the word `first` on. */
function rowsOfOneWord(labels: readonly number[], first: number, count: number): EncodedTable {
  return {
    tokens: Uint16Array.from({ length: count }, (_, at) => 2 + first + at),
    offsets: Uint32Array.from({ length: count + 1 }, (_, at) => at),
    labels: Uint16Array.from(labels.slice(first, first + count)),
  };
}

Deno.test("trainBaseline() learns more from letters where every word is in one row only", () => {
  const { words, labels } = randomWords(2000, 7);
  const [training, validation, test] = [[0, 800], [800, 200], [1000, 1000]].map(([first, count]) =>
    rowsOfOneWord(labels, first!, count!)
  );
  const baseline = trainBaseline(training!, validation!, {
    space: ngramSpace("words", words.length),
    classes: CLASSES,
    vocabulary: keysOfVocabulary(words, true),
    seed: 1,
    metric: "log-loss",
    fitsValidation: true,
  });
  assert(baseline);
  const { loss } = evaluateBaseline(predictRows(baseline.model, test!, () => false)!, test!);
  // With 0.75, the length for texts, it is 0.255.
  assert(loss < 0.24, `loss ${loss}`);
});
