/** Tokenizers of Hugging Face's format: BPE, WordPiece, WordLevel and Unigram. */
import { Tokenizer as Library } from "@huggingface/tokenizers";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ReadingRules } from "../../config/data_shape.ts";
import { errorMessage, InputError } from "../../base/errors.ts";
import { Unsupported } from "./huggingface/parse.ts";
import { createTokenize } from "./huggingface/tokenize.ts";
import { type Spans, spansOf, type Tokenizer, type TokenizerJson } from "./tokenizer.ts";

type Json = Extract<TokenizerJson, { readonly kind: "huggingface" }>;

/** The tokenizer in `json`. Throws an InputError that calls it `name` where it cannot be used. */
export function huggingFaceTokenizer(json: Json, rules: ReadingRules, name = "tokenizer.json"): Tokenizer {
  const tokenize = rules === 1 ? asBefore(json, name) : exact(json, name);

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

/** Cuts as Hugging Face's own library does. */
function exact({ tokenizer }: Json, name: string): (text: string) => readonly (string | undefined)[] {
  try {
    return createTokenize(tokenizer);
  } catch (error) {
    if (error instanceof Unsupported) throw refuse(name, error.message, ": ");
    throw error;
  }
}

/** Cuts as runs of the first rules were trained: by a JavaScript library that differs from Hugging Face's in places. */
function asBefore({ tokenizer, config }: Json, name: string): (text: string) => readonly (string | undefined)[] {
  let library: Library;
  try {
    library = new Library(tokenizer, config ?? {});
    library.tokenize("a");
  } catch (error) {
    throw refuse(name, `holds no tokenizer that can be used: ${errorMessage(error)}`);
  }
  return (text) =>
    library.tokenize(text, { add_special_tokens: false })
      .map((token) => library.token_to_id(token) === undefined ? undefined : token);
}

/** Reads a tokenizer.json; by the first rules, a tokenizer_config.json beside it as well. Throws an InputError. */
export async function readHuggingFace(path: string, rules: ReadingRules): Promise<Tokenizer> {
  const tokenizer = await readObject(path);
  if (!("model" in tokenizer)) {
    const hint = "Save the tokenizer whole, not its vocabulary alone.";
    throw refuse(path, `is no Hugging Face tokenizer: it has no model. ${hint}`);
  }
  const config = rules === 1 && { config: await readConfig(path) };
  return huggingFaceTokenizer({ kind: "huggingface", tokenizer, ...config }, rules, path);
}

/** The tokenizer_config.json beside `path`, of which the first rules read special tokens; nothing where it cannot be read. */
async function readConfig(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await readObject(join(dirname(path), "tokenizer_config.json"));
  } catch {
    return {};
  }
}

async function readObject(path: string): Promise<Readonly<Record<string, unknown>>> {
  let value: unknown;
  try {
    const text = await readFile(path, "utf8");
    value = JSON.parse(text.startsWith("\ufeff") ? text.slice(1) : text);
  } catch (error) {
    throw refuse(path, `cannot be read as a tokenizer: ${errorMessage(error)}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw refuse(path, "holds no JSON object");
  return value as Readonly<Record<string, unknown>>;
}

function refuse(path: string, what: string, between = " "): InputError {
  return new InputError([{ field: "tokenizer", message: `${path}${between}${what}` }]);
}
