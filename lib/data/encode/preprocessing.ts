/** From a text to the ids that a model reads: saved beside the model, so that serving does as training did. */
import { z } from "zod";
import type { ReadingRules } from "../../config/data_shape.ts";
import { InputError } from "../../base/errors.ts";
import { createEncoder, type Encoder } from "./text_encoder.ts";
import { spellingOf } from "../tokenizers/normal_form.ts";
import { rowKeys } from "./row_keys.ts";
import { createTokenizer } from "../tokenizers/create.ts";
import { Vocabulary } from "../vocabulary/vocabulary.ts";

const objectSchema = z.record(z.string(), z.unknown());

const tokenizerSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("words"), lowercase: z.boolean(), punctuation: z.enum(["keep", "drop"]) }),
  z.strictObject({ kind: z.literal("chars"), lowercase: z.boolean() }),
  z.strictObject({ kind: z.literal("codes") }),
  z.strictObject({
    kind: z.literal("huggingface"),
    tokenizer: objectSchema,
    config: objectSchema.optional(),
  }),
]);

export const preprocessingSchema = z.strictObject({
  tokenizer: tokenizerSchema,
  /** The known tokens, from id 2 on; 0 is padding and 1 what is unknown. */
  vocabulary: z.array(z.string()),
  maxLength: z.int().min(1),
  truncate: z.enum(["end", "start"]),
  /** The rules by which rows are read (lib/config/data_shape.ts); the first ones where none are named. */
  rules: z.literal([1, 2]).optional(),
});
export type PreprocessingJson = z.infer<typeof preprocessingSchema>;

export interface Preprocessing {
  /** Number of ids, with padding and unknown. */
  readonly vocabulary: number;
  readonly maxLength: number;
  /** By which rows for it are read. */
  readonly rules: ReadingRules;
  /** Encodes a text, or a list of tokens that somebody else cut. */
  readonly encode: Encoder;
  /** The key of a row, as training had it. */
  readonly keyOf: (row: string | readonly string[]) => number;
  /** The strings of `tokens`; undefined for padding and unknown. */
  decode(tokens: ArrayLike<number>): (string | undefined)[];
}

/** The preprocessing that was saved as `json`. Throws an InputError if it is none. */
export function openPreprocessing(json: unknown): Preprocessing {
  const parsed = preprocessingSchema.safeParse(json);
  if (!parsed.success) {
    throw new InputError(parsed.error.issues.map(({ path, message }) => {
      const field = ["preprocessing", ...path].join(".");
      return { field, message: `${field}: ${message}` };
    }));
  }
  const { tokenizer: { ...kind }, maxLength, truncate, rules = 1 } = parsed.data;
  const tokenizer = createTokenizer(kind, rules);
  const spelled = spellingOf(tokenizer.json, rules);
  const keyOf = rowKeys(tokenizer);
  const vocabulary = new Vocabulary(parsed.data.vocabulary);
  return {
    vocabulary: vocabulary.size,
    maxLength,
    rules,
    encode: createEncoder(tokenizer, vocabulary, { maxLength, truncate, rules }),
    keyOf: (row) => keyOf(typeof row === "string" ? spelled(row) : row.map(spelled)),
    decode: (tokens) => Array.from(tokens, (token) => vocabulary.token(token)),
  };
}
