import { charsTokenizer } from "./chars.ts";
import { codesTokenizer } from "./codes.ts";
import type { PlainTokenizerJson, Tokenizer } from "./tokenizer.ts";
import { wordsTokenizer } from "./words.ts";

/** The tokenizer that `json` says: one of those that need no library. */
export function plainTokenizer(json: PlainTokenizerJson): Tokenizer {
  switch (json.kind) {
    case "words":
      return wordsTokenizer(json.lowercase, json.punctuation);
    case "chars":
      return charsTokenizer(json.lowercase);
    case "codes":
      return codesTokenizer();
  }
}
