/** Reads the components of a tokenizer.json. Reports what is not supported with its path and value. */
import { isRecord } from "../../../base/record.ts";
import { Fields, listOf, type Shape, ShapeError } from "../../../base/shapes.ts";
import {
  type ModelJson,
  modelShape,
  type NormalizerJson,
  normalizerShape,
  postProcessorShape,
  type PreTokenizerJson,
  preTokenizerShape,
  tokenizerFileShape,
} from "./schema.ts";

interface TokenizerParts extends Pick<ReturnType<typeof tokenizerFileShape>, "truncation" | "added_tokens"> {
  readonly normalizers: readonly NormalizerJson[];
  readonly preTokenizers: readonly PreTokenizerJson[];
  readonly model: ModelJson;
}

/** Says in words what a tokenizer.json has that is not supported. */
export class Unsupported extends Error {
  override readonly name = "Unsupported";
}

/** Returns the parts of a tokenizer.json. Throws an Unsupported. */
export function parseTokenizer(json: unknown): TokenizerParts {
  try {
    const { normalizer, pre_tokenizer, post_processor, model, ...rest } = tokenizerFileShape(json, "");
    const normalizers = components(normalizerShape, normalizer, "normalizer", "normalizers");
    const preTokenizers = components(preTokenizerShape, pre_tokenizer, "pre_tokenizer", "pretokenizers");
    components(postProcessorShape, post_processor, "post_processor", "processors");
    checkFirst(normalizers, preTokenizers);
    return { ...rest, normalizers, preTokenizers, model: modelShape(withType(model), "model") };
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    const { field, problem, expected } = error;
    unsupported(field, problem, `expected ${expected}`);
  }
}

/** Returns the components of `value`: none, one, or those of a Sequence, which may contain Sequences. */
function components<Component>(shape: Shape<Component>, value: unknown, path: string, list: string): Component[] {
  if (value === null || value === undefined) return [];
  if (!isRecord(value) || value.type !== "Sequence") return [shape(value, path)];
  const parts = new Fields(value, path).only("type", list).read(list, listOf((part) => part));
  return parts.flatMap((part, index) => components(shape, part, `${path}.${list}[${index}]`, list));
}

/**
 * Refuses Metaspace with prepend_scheme "first" after other components. It depends on whether a part begins the original
 * text, which is unknown after normalizers and splits.
 */
function checkFirst(normalizers: readonly NormalizerJson[], preTokenizers: readonly PreTokenizerJson[]): void {
  const index = preTokenizers.findLastIndex((part) => part.type === "Metaspace" && part.prepend_scheme === "first");
  const other = normalizers.find(({ type }) => !["NFC", "NFD", "NFKC", "NFKD", "Lowercase"].includes(type));
  if (index > 0) unsupported("pre_tokenizer", 'uses Metaspace with prepend_scheme "first" after another pre-tokenizer');
  if (index === 0 && other) {
    unsupported("pre_tokenizer", `uses Metaspace with prepend_scheme "first" after the normalizer ${other.type}`);
  }
}

/** Returns the model of an old file without a type, with the type that Hugging Face's library assumes. */
function withType(model: unknown): unknown {
  if (typeof model !== "object" || model === null || "type" in model) return model;
  const has = (...keys: string[]) => keys.every((key) => key in model);
  if (has("vocab", "merges")) return { type: "BPE", ...model };
  if (has("vocab", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word")) {
    return { type: "WordPiece", ...model };
  }
  return { type: has("vocab", "unk_token") ? "WordLevel" : "Unigram", ...model };
}

export function unsupported(path: string, what: string, why?: string): never {
  throw new Unsupported(`${path || "the tokenizer"} ${what}, which is not supported${why ? `: ${why}` : ""}`);
}
