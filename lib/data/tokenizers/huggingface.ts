/** Tokenizers of Hugging Face's format: BPE, WordPiece and Unigram, by their own library. */
import { Tokenizer as Library } from "@huggingface/tokenizers";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errorMessage, InputError } from "../../errors.ts";
import { type Spans, spansOf, type Tokenizer, type TokenizerJson } from "./tokenizer.ts";

type Json = Extract<TokenizerJson, { readonly kind: "huggingface" }>;

/** The tokenizer in `json`. Throws an InputError that calls it `name` where the library cannot use it. */
export function huggingFaceTokenizer(json: Json, name = "tokenizer.json"): Tokenizer {
  let library: Library;
  try {
    library = new Library(json.tokenizer, json.config);
    library.tokenize("a");
  } catch (error) {
    throw refuse(name, `holds no tokenizer that can be used: ${errorMessage(error)}`);
  }

  function cut(text: string, spans: Spans): void {
    const tokens = library.tokenize(text, { add_special_tokens: false });
    spansOf(tokens, spans);
    // A piece that the tokenizer itself does not know has no id: it is unknown here as well.
    tokens.forEach((token, index) => {
      if (library.token_to_id(token) === undefined) spans.bounds[2 * index] = -1;
    });
  }
  return { json, cut };
}

/** Reads a tokenizer.json and, where there is one beside it, its tokenizer_config.json. Throws an InputError. */
export async function readHuggingFace(path: string): Promise<Tokenizer> {
  const tokenizer = await readObject(path);
  if (!("model" in tokenizer)) throw refuse(path, "is no Hugging Face tokenizer: it has no model");
  let config: Readonly<Record<string, unknown>> = {};
  try {
    config = await readObject(join(dirname(path), "tokenizer_config.json"));
  } catch {
    // It is optional: what it says matters to special tokens, which are not used.
  }
  return huggingFaceTokenizer({ kind: "huggingface", tokenizer, config }, path);
}

async function readObject(path: string): Promise<Readonly<Record<string, unknown>>> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw refuse(path, `cannot be read as a tokenizer: ${errorMessage(error)}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw refuse(path, "holds no JSON object");
  return value as Readonly<Record<string, unknown>>;
}

function refuse(path: string, what: string): InputError {
  return new InputError([{ field: "tokenizer", message: `${path} ${what}` }]);
}
