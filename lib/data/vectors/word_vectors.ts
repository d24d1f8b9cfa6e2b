/**
 * Reads the vectors of words that training starts from, from a file that was made elsewhere. Start here; text_vectors.ts and
 * tensor_vectors.ts have the formats, and collect.ts chooses the words.
 */
import { type ReadingRules, spellingOf } from "../../base/normal_form.ts";
import { Spans, type Tokenizer } from "../tokenizers/tokenizer.ts";
import type { WordVectors } from "../vocabulary/choose_vocabulary.ts";
import { type CollectOptions, VectorCollector } from "./collect.ts";
import { readTensorVectors } from "./tensor_vectors.ts";
import { readTextVectors } from "./text_vectors.ts";

interface ReadOptions extends Pick<CollectOptions, "wanted" | "mostOthers"> {
  /** Cuts the texts of the run. */
  readonly tokenizer: Tokenizer;
  readonly rules: ReadingRules;
}

/** Reads the vectors of the wanted words and of some others. Throws an InputError that says what is wrong with the file. */
export async function readWordVectors(
  path: string,
  { tokenizer, rules, ...chosen }: ReadOptions,
): Promise<WordVectors> {
  const options = { ...chosen, spelled: wordSpelling(tokenizer, rules), isToken: tokenCheck(tokenizer) };
  if (path.endsWith(".safetensors")) return await readTensorVectors(path, tokenizer, options);
  let collector: VectorCollector | undefined;
  await readTextVectors(path, (width) => {
    collector = new VectorCollector(width, options);
    return collector.offer;
  });
  return collector!.vectors();
}

/** Returns the function that spells a word as the tokens of the run are spelled. */
function wordSpelling({ json }: Tokenizer, rules: ReadingRules): (word: string) => string {
  const spelled = spellingOf(json, rules);
  return "lowercase" in json && json.lowercase ? (word) => spelled(word).toLowerCase() : spelled;
}

/** Returns the function that tells whether `tokenizer` leaves a word whole and unchanged. */
function tokenCheck({ cut }: Tokenizer): (word: string) => boolean {
  const spans = new Spans();
  return (word) => {
    cut(word, spans);
    return spans.count === 1 && spans.strings()[0] === word;
  };
}
