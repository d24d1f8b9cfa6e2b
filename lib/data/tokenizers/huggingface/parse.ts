/** Reads the components of a tokenizer.json. Reports what is not supported with its path and value. */
import { z } from "zod";
import { describe } from "../../../base/printable.ts";
import { isRecord } from "../../../base/record.ts";
import {
  type ModelJson,
  modelSchema,
  type NormalizerJson,
  normalizerSchema,
  postProcessorSchema,
  type PreTokenizerJson,
  preTokenizerSchema,
  tokenizerFileSchema,
} from "./schema.ts";

interface TokenizerParts extends Pick<z.infer<typeof tokenizerFileSchema>, "truncation" | "added_tokens"> {
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
  const { normalizer, pre_tokenizer, post_processor, model, ...rest } = parse(tokenizerFileSchema, json, "");
  const normalizers = components(normalizerSchema, normalizer, "normalizer", "normalizers");
  const preTokenizers = components(preTokenizerSchema, pre_tokenizer, "pre_tokenizer", "pretokenizers");
  components(postProcessorSchema, post_processor, "post_processor", "processors");
  checkFirst(normalizers, preTokenizers);
  return { ...rest, normalizers, preTokenizers, model: parse(modelSchema, withType(model), "model") };
}

/** Returns the components of `value`: none, one, or those of a Sequence, which may contain Sequences. */
function components<Component>(schema: z.ZodType<Component>, value: unknown, path: string, list: string): Component[] {
  if (value === null || value === undefined) return [];
  if (typeof value !== "object" || !("type" in value) || value.type !== "Sequence") return [parse(schema, value, path)];
  const sequence = parse(z.strictObject({ type: z.string(), [list]: z.array(z.looseObject({})) }), value, path);
  const parts = z.array(z.unknown()).parse(sequence[list]);
  return parts.flatMap((part, index) => components(schema, part, `${path}.${list}[${index}]`, list));
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

function parse<Value>(schema: z.ZodType<Value>, value: unknown, at: string): Value {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const path = issue.path.reduce<string>(
    (path, key) => typeof key === "number" ? `${path}[${key}]` : path === "" ? String(key) : `${path}.${String(key)}`,
    at,
  );
  if (issue.code === "unrecognized_keys") {
    unsupported(path, `has the key "${issue.keys[0]}"`);
  }
  if (issue.code === "invalid_union" && issue.discriminator === "type") {
    const known = "options" in issue ? issue.options?.map(String).join(", ") ?? "another" : "another";
    const type = isRecord(value) ? value.type : undefined;
    unsupported(path, `is ${describe(type)}`, `expected ${known}`);
  }
  unsupported(path, `is ${describe(issue.input)}`, issue.message.replace(/^Invalid (input|option): /, ""));
}

export function unsupported(path: string, what: string, why?: string): never {
  throw new Unsupported(`${path || "the tokenizer"} ${what}, which is not supported${why ? `: ${why}` : ""}`);
}
