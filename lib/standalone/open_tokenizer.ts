/** Opens the tokenizer of a model that predicts. */
import type { PreprocessingJson } from "../data/encode/preprocessing.ts";
import { plainTokenizer } from "../data/tokenizers/plain_tokenizers.ts";
import type { Tokenizer } from "../data/tokenizers/tokenizer.ts";

/** Creates the tokenizer of a model. Those of Hugging Face are loaded only for models that have one. */
export async function openTokenizer({ tokenizer, rules = 1 }: PreprocessingJson): Promise<Tokenizer> {
  if (tokenizer.kind !== "huggingface") return plainTokenizer(tokenizer);
  if (rules > 1) return (await import("../data/tokenizers/exact_tokenizer.ts")).exactTokenizer(tokenizer);
  const cut = () => {
    throw new TypeError(
      "a library cut the texts of this old run: expected a list of tokens, as its tokenizer cuts them",
    );
  };
  return { json: tokenizer, cut };
}
