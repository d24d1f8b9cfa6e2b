import { nearest } from "../../config/nearest.ts";
import { InputError } from "../../base/errors.ts";
import { type DataOptions, NEWEST_RULES, type ReadingRules, TOKENIZERS } from "../../config/data_shape.ts";
import { huggingFaceTokenizer, readHuggingFace } from "./huggingface.ts";
import { plainTokenizer } from "./plain.ts";
import type { Tokenizer, TokenizerJson } from "./tokenizer.ts";

/** The tokenizer that `json` says, by the rules of the run that it is of. */
export function createTokenizer(json: TokenizerJson, rules: ReadingRules = NEWEST_RULES): Tokenizer {
  return json.kind === "huggingface" ? huggingFaceTokenizer(json, rules) : plainTokenizer(json);
}

/**
 * The tokenizer that the options name: a kind, or the path of a tokenizer.json. What is left to the rows (`auto`) is that
 * of words, until the rows are known. Throws an InputError.
 */
export async function openTokenizer(
  { tokenizer, lowercase, punctuation }: Pick<DataOptions, "tokenizer" | "lowercase" | "punctuation">,
  rules: ReadingRules = NEWEST_RULES,
): Promise<Tokenizer> {
  switch (tokenizer) {
    case "auto":
    case "words":
      return createTokenizer({ kind: "words", lowercase, punctuation });
    case "chars":
      return createTokenizer({ kind: "chars", lowercase });
    case "codes":
      return createTokenizer({ kind: "codes" });
  }
  if (/[./\\]/.test(tokenizer)) return await readHuggingFace(tokenizer, rules);
  const guess = nearest(tokenizer, TOKENIZERS);
  const hint = guess ? `did you mean ${guess}?` : `expected ${TOKENIZERS.join(", ")} or the path of a tokenizer.json`;
  throw new InputError([{ field: "tokenizer", message: `Unknown tokenizer ${tokenizer}: ${hint}` }]);
}
