/**
 * Describes the supported parts of a tokenizer.json: components and options that give the tokens of Hugging Face's own
 * library for every text. Any other part is refused by name.
 */
import { z } from "zod";
import { isRecord } from "../../../base/record.ts";

const patternSchema = z.union([z.strictObject({ String: z.string() }), z.strictObject({ Regex: z.string() })]);
const behaviorSchema = z.enum(["Removed", "Isolated", "Contiguous", "MergedWithPrevious", "MergedWithNext"]);
const characterSchema = z.string().refine((text) => [...text].length === 1, "expected one character");

const plain = <const Type extends string>(type: Type) => z.strictObject({ type: z.literal(type) });

export const normalizerSchema = z.discriminatedUnion("type", [
  plain("NFC"),
  plain("NFD"),
  plain("NFKC"),
  plain("NFKD"),
  plain("Lowercase"),
  plain("StripAccents"),
  plain("Nmt"),
  plain("ByteLevel"),
  z.strictObject({ type: z.literal("Strip"), strip_left: z.boolean(), strip_right: z.boolean() }),
  z.strictObject({ type: z.literal("Prepend"), prepend: z.string() }),
  z.strictObject({ type: z.literal("Replace"), pattern: patternSchema, content: z.string() }),
  z.strictObject({
    type: z.literal("BertNormalizer"),
    clean_text: z.boolean(),
    handle_chinese_chars: z.boolean(),
    strip_accents: z.boolean().nullish(),
    lowercase: z.boolean(),
  }),
]);

export const preTokenizerSchema = z.discriminatedUnion("type", [
  plain("Whitespace"),
  plain("WhitespaceSplit"),
  plain("BertPreTokenizer"),
  z.strictObject({ type: z.literal("Punctuation"), behavior: behaviorSchema.default("Isolated") }),
  z.strictObject({ type: z.literal("Digits"), individual_digits: z.boolean() }),
  z.strictObject({ type: z.literal("CharDelimiterSplit"), delimiter: characterSchema }),
  z.strictObject({ type: z.literal("FixedLength"), length: z.int().min(1).default(5) }),
  z.strictObject({ type: z.literal("Split"), pattern: patternSchema, behavior: behaviorSchema, invert: z.boolean() }),
  z.strictObject({
    type: z.literal("ByteLevel"),
    add_prefix_space: z.boolean(),
    trim_offsets: z.boolean(),
    use_regex: z.boolean().default(true),
  }),
  z.strictObject({
    type: z.literal("Metaspace"),
    replacement: characterSchema,
    add_prefix_space: z.boolean().nullish(),
    prepend_scheme: z.enum(["always", "first", "never"]).default("always"),
    split: z.boolean().nullish().transform((split) => split ?? true),
    str_rep: z.string().nullish(),
  }).refine(
    ({ add_prefix_space, prepend_scheme }) => add_prefix_space !== false || prepend_scheme === "never",
    "add_prefix_space does not fit prepend_scheme",
  ),
]);

/** Checks a vocabulary without z.record(), which would be slow for 250,000 keys, and would drop `__proto__`. */
const vocabularySchema = z.custom<Readonly<Record<string, number>>>(
  (value) =>
    isRecord(value) &&
    Object.values(value).every((id) => typeof id === "number" && Number.isInteger(id) && id >= 0 && id < 2 ** 32),
  "expected an object of tokens and their ids",
);
const mergesSchema = z.custom<readonly string[] | readonly (readonly [string, string])[]>(
  (value) =>
    Array.isArray(value) &&
    (value.every((merge) => typeof merge === "string") ||
      value.every((merge) =>
        Array.isArray(merge) && merge.length === 2 && merge.every((part) => typeof part === "string")
      )),
  "expected a list of pairs of tokens",
);
const scoresSchema = z.custom<readonly (readonly [string, number])[]>(
  (value) =>
    Array.isArray(value) && value.length > 0 &&
    value.every((entry) =>
      Array.isArray(entry) && entry.length === 2 && typeof entry[0] === "string" && typeof entry[1] === "number"
    ),
  "expected a list of tokens and their scores",
);

export const modelSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("WordLevel"), vocab: vocabularySchema, unk_token: z.string() }),
  z.strictObject({
    type: z.literal("WordPiece"),
    vocab: vocabularySchema,
    unk_token: z.string(),
    continuing_subword_prefix: z.string(),
    max_input_chars_per_word: z.int().min(0),
  }),
  z.strictObject({
    type: z.literal("BPE"),
    vocab: vocabularySchema,
    merges: mergesSchema,
    dropout: z.literal(0).nullish(),
    unk_token: z.string().nullish(),
    continuing_subword_prefix: z.string().nullish(),
    end_of_word_suffix: z.string().nullish(),
    fuse_unk: z.boolean().nullish(),
    byte_fallback: z.boolean().nullish(),
    ignore_merges: z.boolean().nullish(),
  }),
  z.strictObject({
    type: z.literal("Unigram"),
    vocab: scoresSchema,
    unk_id: z.int().min(0).nullish(),
    byte_fallback: z.boolean().default(false),
  }),
]);

const addedTokenSchema = z.strictObject({
  id: z.int().min(0),
  content: z.string(),
  single_word: z.boolean(),
  lstrip: z.boolean(),
  rstrip: z.boolean(),
  normalized: z.boolean(),
  special: z.boolean(),
});

/** These add nothing to a text without special tokens, but a template may omit or repeat the text. */
export const postProcessorSchema = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("BertProcessing") }),
  z.looseObject({ type: z.literal("RobertaProcessing") }),
  z.looseObject({ type: z.literal("ByteLevel") }),
  z.looseObject({
    type: z.literal("TemplateProcessing"),
    single: z.array(z.record(z.string(), z.looseObject({ id: z.string() }))).refine(
      (parts) => parts.filter((part) => "Sequence" in part).map((part) => part.Sequence?.id).join() === "A",
      "expected the text once",
    ),
  }),
]);

/** Checks the top level. Components are checked one by one, so that each refusal has its path. */
export const tokenizerFileSchema = z.strictObject({
  version: z.literal("1.0").optional(),
  truncation: z.strictObject({
    direction: z.enum(["Left", "Right"]).default("Right"),
    max_length: z.int().min(1),
    strategy: z.enum(["LongestFirst", "OnlyFirst"]),
    stride: z.int().min(0),
  }).refine(({ stride, max_length }) => stride < max_length, "stride is not less than max_length").nullish(),
  padding: z.looseObject({
    strategy: z.literal("BatchLongest", "it adds tokens to every text. Set padding to null"),
    pad_to_multiple_of: z.literal([0, 1], "it adds tokens to texts. Set it to null").nullish(),
  }).nullish(),
  added_tokens: z.array(addedTokenSchema).default([]),
  normalizer: z.unknown().optional(),
  pre_tokenizer: z.unknown().optional(),
  post_processor: z.unknown().optional(),
  /** Decodes tokens to texts, which is not needed here. */
  decoder: z.unknown().optional(),
  model: z.unknown(),
});

export type PatternJson = z.infer<typeof patternSchema>;
export type BehaviorJson = z.infer<typeof behaviorSchema>;
export type NormalizerJson = z.infer<typeof normalizerSchema>;
export type PreTokenizerJson = z.infer<typeof preTokenizerSchema>;
export type ModelJson = z.infer<typeof modelSchema>;
export type AddedTokenJson = z.infer<typeof addedTokenSchema>;
export type TruncationJson = NonNullable<z.infer<typeof tokenizerFileSchema>["truncation"]>;
