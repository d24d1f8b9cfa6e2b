/**
 * Describes the supported parts of a tokenizer.json: components and options that give the tokens of Hugging Face's own
 * library for every text. Any other part is refused by name.
 */
import { isRecord } from "../../../base/record.ts";
import {
  anyObject,
  exactly,
  Fields,
  flag,
  listOf,
  nullish,
  oneOf,
  orElse,
  refuse,
  type Shape,
  ShapeError,
  text,
  type Variant,
  variants,
  whole,
} from "../../../base/shapes.ts";

const count = whole(0, Number.MAX_SAFE_INTEGER);
const atLeastOne = whole(1, Number.MAX_SAFE_INTEGER);

function patternShape(value: unknown, field: string): { readonly String: string } | { readonly Regex: string } {
  return isRecord(value) && "Regex" in value
    ? exactly({ Regex: text })(value, field)
    : exactly({ String: text })(value, field);
}

function characterShape(value: unknown, field: string): string {
  return [...text(value, field)].length === 1 ? String(value) : refuse(field, value, "one character");
}

const behaviorShape = oneOf("Removed", "Isolated", "Contiguous", "MergedWithPrevious", "MergedWithNext");

const NORMALIZERS = {
  NFC: {},
  NFD: {},
  NFKC: {},
  NFKD: {},
  Lowercase: {},
  StripAccents: {},
  Nmt: {},
  ByteLevel: {},
  Strip: { strip_left: flag, strip_right: flag },
  Prepend: { prepend: text },
  Replace: { pattern: patternShape, content: text },
  BertNormalizer: { clean_text: flag, handle_chinese_chars: flag, strip_accents: nullish(flag), lowercase: flag },
} as const;
export type NormalizerJson = Variant<typeof NORMALIZERS>;
export const normalizerShape: Shape<NormalizerJson> = variants(NORMALIZERS);

const PRE_TOKENIZERS = {
  Whitespace: {},
  WhitespaceSplit: {},
  BertPreTokenizer: {},
  Punctuation: { behavior: orElse(behaviorShape, "Isolated") },
  Digits: { individual_digits: flag },
  CharDelimiterSplit: { delimiter: characterShape },
  FixedLength: { length: orElse(atLeastOne, 5) },
  Split: { pattern: patternShape, behavior: behaviorShape, invert: flag },
  ByteLevel: { add_prefix_space: flag, trim_offsets: flag, use_regex: orElse(flag, true) },
  Metaspace: {
    replacement: characterShape,
    add_prefix_space: nullish(flag),
    prepend_scheme: orElse(oneOf("always", "first", "never"), "always"),
    split: (value: unknown, field: string): boolean => nullish(flag)(value, field) ?? true,
    str_rep: nullish(text),
  },
} as const;
export type PreTokenizerJson = Variant<typeof PRE_TOKENIZERS>;

export function preTokenizerShape(value: unknown, field: string): PreTokenizerJson {
  const json = variants(PRE_TOKENIZERS)(value, field);
  if (json.type === "Metaspace" && json.add_prefix_space === false && json.prepend_scheme !== "never") {
    throw new ShapeError(field, "is Metaspace", "an add_prefix_space that fits prepend_scheme");
  }
  return json;
}

function vocabularyShape(value: unknown, field: string): Readonly<Record<string, number>> {
  const isId = (id: unknown) => typeof id === "number" && Number.isInteger(id) && id >= 0 && id < 2 ** 32;
  if (isRecord(value) && Object.values(value).every(isId)) return value as Readonly<Record<string, number>>;
  return refuse(field, value, "an object of tokens and their ids");
}

type Merges = readonly string[] | readonly (readonly [string, string])[];

function mergesShape(value: unknown, field: string): Merges {
  const isPair = (merge: unknown) =>
    Array.isArray(merge) && merge.length === 2 && merge.every((part) => typeof part === "string");
  const isMerges = Array.isArray(value) && (value.every((merge) => typeof merge === "string") || value.every(isPair));
  return isMerges ? value : refuse(field, value, "a list of pairs of tokens");
}

function scoresShape(value: unknown, field: string): readonly (readonly [string, number])[] {
  const isScore = (entry: unknown) =>
    Array.isArray(entry) && entry.length === 2 && typeof entry[0] === "string" && typeof entry[1] === "number";
  const isScores = Array.isArray(value) && value.length > 0 && value.every(isScore);
  return isScores ? value : refuse(field, value, "a list of tokens and their scores");
}

const MODELS = {
  WordLevel: { vocab: vocabularyShape, unk_token: text },
  WordPiece: {
    vocab: vocabularyShape,
    unk_token: text,
    continuing_subword_prefix: text,
    max_input_chars_per_word: count,
  },
  BPE: {
    vocab: vocabularyShape,
    merges: mergesShape,
    dropout: nullish(oneOf(0)),
    unk_token: nullish(text),
    continuing_subword_prefix: nullish(text),
    end_of_word_suffix: nullish(text),
    fuse_unk: nullish(flag),
    byte_fallback: nullish(flag),
    ignore_merges: nullish(flag),
  },
  Unigram: { vocab: scoresShape, unk_id: nullish(count), byte_fallback: orElse(flag, false) },
} as const;
export type ModelJson = Variant<typeof MODELS>;
export const modelShape: Shape<ModelJson> = variants(MODELS);

const addedTokenShape = exactly({
  id: count,
  content: text,
  single_word: flag,
  lstrip: flag,
  rstrip: flag,
  normalized: flag,
  special: flag,
});
export type AddedTokenJson = ReturnType<typeof addedTokenShape>;

/** Checks parts that add nothing to a text without special tokens; but a template may omit or repeat the text. */
export function postProcessorShape(value: unknown, field: string): void {
  const fields = new Fields(value, field);
  const types = oneOf("BertProcessing", "RobertaProcessing", "ByteLevel", "TemplateProcessing");
  if (fields.read("type", types) !== "TemplateProcessing") return;
  const parts = fields.read("single", listOf(anyObject));
  const texts = parts.flatMap((part, index) =>
    "Sequence" in part ? [new Fields(part.Sequence, `${field}.single[${index}].Sequence`).read("id", text)] : []
  );
  if (texts.join() !== "A") refuse(`${field}.single`, parts, "the text once");
}

const TRUNCATION = {
  direction: orElse(oneOf("Left", "Right"), "Right"),
  max_length: atLeastOne,
  strategy: oneOf("LongestFirst", "OnlyFirst"),
  stride: count,
} as const;
export type TruncationJson = ReturnType<typeof truncationShape>;

function truncationShape(value: unknown, field: string) {
  const json = exactly(TRUNCATION)(value, field);
  if (json.stride >= json.max_length) refuse(`${field}.stride`, json.stride, "less than max_length");
  return json;
}

function paddingShape(value: unknown, field: string): void {
  const fields = new Fields(value, field);
  const adds = (allowed: unknown[], expected: string): Shape<unknown> => (value, field) =>
    allowed.includes(value) || refuse(field, value, expected);
  fields.read("strategy", adds(["BatchLongest"], "it adds tokens to every text. Set padding to null"));
  fields.read("pad_to_multiple_of", adds([0, 1, null, undefined], "it adds tokens to texts. Set it to null"));
}

const anything: Shape<unknown> = (value) => value;

/** Checks the top level. Components are checked one by one, so that each refusal has its path. */
export const tokenizerFileShape = exactly({
  version: orElse(oneOf("1.0"), "1.0"),
  truncation: nullish(truncationShape),
  padding: nullish(paddingShape),
  added_tokens: orElse(listOf(addedTokenShape), []),
  normalizer: anything,
  pre_tokenizer: anything,
  post_processor: anything,
  /** Decodes tokens to texts, which is not needed here. */
  decoder: anything,
  model: anything,
});

export type PatternJson = ReturnType<typeof patternShape>;
export type BehaviorJson = ReturnType<typeof behaviorShape>;
