import { nearest } from "../../config/nearest.ts";
import { InputError } from "../../errors.ts";
import type { DataOptions } from "../../config/data_shape.ts";
import { huggingFaceTokenizer, readHuggingFace } from "./huggingface.ts";
import { plainTokenizer } from "./plain.ts";
import type { Tokenizer, TokenizerJson } from "./tokenizer.ts";

/** The tokenizer that `json` says. */
export function createTokenizer(json: TokenizerJson): Tokenizer {
  return json.kind === "huggingface" ? huggingFaceTokenizer(json) : plainTokenizer(json);
}

const KINDS = ["words", "chars", "codes"];

/** The tokenizer that the options name: a kind, or the path of a tokenizer.json. Throws an InputError. */
export async function openTokenizer(
  { tokenizer, lowercase, punctuation }: Pick<DataOptions, "tokenizer" | "lowercase" | "punctuation">,
): Promise<Tokenizer> {
  switch (tokenizer) {
    case "words":
      return createTokenizer({ kind: "words", lowercase, punctuation });
    case "chars":
      return createTokenizer({ kind: "chars", lowercase });
    case "codes":
      return createTokenizer({ kind: "codes" });
  }
  if (/[./\\]/.test(tokenizer)) return await readHuggingFace(tokenizer);
  const guess = nearest(tokenizer, KINDS);
  const hint = guess ? `did you mean ${guess}?` : `expected ${KINDS.join(", ")} or the path of a tokenizer.json`;
  throw new InputError([{ field: "tokenizer", message: `Unknown tokenizer ${tokenizer}: ${hint}` }]);
}
