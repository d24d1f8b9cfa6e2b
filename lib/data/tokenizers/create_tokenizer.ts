/**
 * Creates tokenizers: from the options of a run, or from the JSON that a run saved. How Hugging Face's components cut is
 * in huggingface/; start with its tokenize.ts.
 */
import { NEWEST_RULES, type ReadingRules } from "../../base/normal_form.ts";
import { Tokenizer as Library } from "@huggingface/tokenizers";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errorMessage, inputError } from "../../base/errors.ts";
import { type DataOptions, TOKENIZERS } from "../../config/data_shape.ts";
import { nearest } from "../../base/nearest.ts";
import { isRecord } from "../../base/record.ts";
import { cannotUse, exactTokenizer, type Tokenize, tokenizerOf } from "./exact_tokenizer.ts";
import { type HuggingFaceJson, type TokenizerJson } from "./schema.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** Creates the tokenizer that `json` describes. `rules` are those of the run that it belongs to. */
export function createTokenizer(json: TokenizerJson, rules: ReadingRules = NEWEST_RULES): Tokenizer {
  return json.kind === "huggingface" ? huggingFaceTokenizer(json, rules) : exactTokenizer(json);
}

/**
 * Creates the tokenizer that the options name: a kind, or the path of a tokenizer.json. `auto` gives the one of words
 * until the rows are known. Throws an InputError.
 */
export async function openTokenizer(
  { tokenizer, lowercase, punctuation }: Pick<DataOptions, "tokenizer" | "lowercase" | "punctuation">,
  rules: ReadingRules = NEWEST_RULES,
): Promise<Tokenizer> {
  const named: Record<typeof TOKENIZERS[number], TokenizerJson> = {
    auto: { kind: "words", lowercase, punctuation },
    words: { kind: "words", lowercase, punctuation },
    chars: { kind: "chars", lowercase },
    codes: { kind: "codes" },
  };
  const name = TOKENIZERS.find((name) => name === tokenizer);
  if (name) return createTokenizer(named[name]);
  if (/[./\\]/.test(tokenizer)) return await readHuggingFace(tokenizer, rules);
  const guess = nearest(tokenizer, TOKENIZERS);
  const hint = guess ? `did you mean ${guess}?` : `expected ${TOKENIZERS.join(", ")} or the path of a tokenizer.json`;
  throw inputError("tokenizer", `Unknown tokenizer ${JSON.stringify(tokenizer)}: ${hint}`);
}

/** Creates the tokenizer in `json`. Throws an InputError that calls it `name` if it cannot be used. */
function huggingFaceTokenizer(json: HuggingFaceJson, rules: ReadingRules, name = "tokenizer.json"): Tokenizer {
  return rules === 1 ? tokenizerOf(json, tokenizeByLibrary(json, name)) : exactTokenizer(json, name);
}

/** Cuts as runs of the first rules were trained: by a JavaScript library that sometimes differs from Hugging Face's own. */
function tokenizeByLibrary({ tokenizer, config }: HuggingFaceJson, name: string): Tokenize {
  let library: Library;
  try {
    library = new Library(tokenizer, config ?? {});
    library.tokenize("a");
  } catch (error) {
    throw cannotUse(name, errorMessage(error));
  }
  return (text) =>
    library.tokenize(text, { add_special_tokens: false })
      .map((token) => library.token_to_id(token) === undefined ? undefined : token);
}

/** Reads a tokenizer.json; by the first rules, a tokenizer_config.json beside it as well. Throws an InputError. */
async function readHuggingFace(path: string, rules: ReadingRules): Promise<Tokenizer> {
  const tokenizer = await readObject(path);
  if (!("model" in tokenizer)) {
    throw cannotUse(path, 'it has no "model". Save the whole tokenizer, not only its vocabulary');
  }
  const config = rules === 1 && { config: await readConfig(path) };
  return huggingFaceTokenizer({ kind: "huggingface", tokenizer, ...config }, rules, path);
}

/** Reads the tokenizer_config.json beside `path`, which has special tokens; {} if it cannot be read. */
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
    throw cannotUse(path, errorMessage(error));
  }
  if (!isRecord(value)) throw cannotUse(path, "it is not a JSON object");
  return value;
}
