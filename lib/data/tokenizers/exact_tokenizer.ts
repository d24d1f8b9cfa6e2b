/** Creates tokenizers by this program's own code. */
import { type InputError, inputError } from "../../base/errors.ts";
import { Unsupported } from "./huggingface/parse.ts";
import { createTokenize } from "./huggingface/tokenize.ts";
import { plainTokenizer } from "./plain_tokenizers.ts";
import type { HuggingFaceJson, TokenizerJson } from "./schema.ts";
import { type Spans, spansOf, type Tokenizer } from "./tokenizer.ts";

/** Returns the tokens of a text; undefined for one that the tokenizer does not know. */
export type Tokenize = (text: string) => readonly (string | undefined)[];

/**
 * Creates the tokenizer that `json` describes; one of Hugging Face cuts exactly as their own library does. Throws an
 * InputError that calls it `name` if it cannot be used.
 */
export function exactTokenizer(json: TokenizerJson, name = "tokenizer.json"): Tokenizer {
  if (json.kind !== "huggingface") return plainTokenizer(json);
  try {
    return tokenizerOf(json, createTokenize(json.tokenizer));
  } catch (error) {
    if (error instanceof Unsupported) throw cannotUse(name, error.message);
    throw error;
  }
}

/** Creates a tokenizer of Hugging Face that cuts by `tokenize`. */
export function tokenizerOf(json: HuggingFaceJson, tokenize: Tokenize): Tokenizer {
  function cut(text: string, spans: Spans): void {
    const tokens = tokenize(text);
    spansOf(tokens.map((token) => token ?? ""), spans);
    // A piece that the tokenizer itself does not know has no id: it is unknown here as well.
    tokens.forEach((token, index) => {
      if (token === undefined) spans.bounds[2 * index] = -1;
    });
  }
  return { json, cut };
}

/** Returns the error of a tokenizer that cannot be used. */
export function cannotUse(path: string, why: string): InputError {
  return inputError("tokenizer", `Cannot use ${JSON.stringify(path)} as a tokenizer: ${why}`);
}
