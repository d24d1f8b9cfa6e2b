/** Turns texts into the ids that a model reads. It is saved beside the model, so that serving does the same as training. */
import { z } from "zod";
import { InputError } from "../../base/errors.ts";
import { type ReadingRules, readingRulesSchema } from "../../formats/read_options.ts";
import { createTokenizer } from "../tokenizers/create_tokenizer.ts";
import { spellingOf } from "../../base/normal_form.ts";
import { tokenizerSchema } from "../tokenizers/schema.ts";
import { hasLetters } from "../tokenizers/tokenizer.ts";
import { keysOfVocabulary, type TokenKeys } from "../vocabulary/token_keys.ts";
import { Vocabulary } from "../vocabulary/vocabulary.ts";
import { rowKeys } from "./row_keys.ts";
import { createTextEncoder, type EncodeText } from "./text_encoder.ts";

export const preprocessingSchema = z.strictObject({
  tokenizer: tokenizerSchema,
  /** The known tokens, from id 2 on; 0 is padding and 1 any unknown token. */
  vocabulary: z.array(z.string()),
  maxLength: z.int().min(1),
  truncate: z.enum(["end", "start"]),
  /** The rules by which rows are read; absent for the first ones. */
  rules: readingRulesSchema.optional(),
});
export type PreprocessingJson = z.infer<typeof preprocessingSchema>;

export interface Preprocessing {
  /** Number of ids, with padding and unknown. */
  readonly vocabulary: number;
  readonly maxLength: number;
  /** Tells whether tokens are words, whose letters count. */
  readonly hasLetters: boolean;
  /** The rules by which rows are read. */
  readonly rules: ReadingRules;
  readonly encode: EncodeText;
  /** Returns the key of a row, as training computed it. */
  readonly keyOf: (row: string | readonly string[]) => number;
  /** Returns the strings of `tokens`; undefined for padding and unknown. */
  decode(tokens: ArrayLike<number>): (string | undefined)[];
}

/** Returns the keys of the ids, with those of letters where tokens are words. */
export function tokenKeysOf({ vocabulary, tokenizer }: PreprocessingJson): TokenKeys {
  return keysOfVocabulary(vocabulary, hasLetters(tokenizer.kind));
}

/** Creates the preprocessing that was saved as `json`. Throws an InputError if `json` is invalid. */
export function openPreprocessing(json: unknown): Preprocessing {
  const parsed = preprocessingSchema.safeParse(json);
  if (!parsed.success) {
    throw new InputError(parsed.error.issues.map(({ path, message }) => {
      const field = ["preprocessing", ...path].join(".");
      return { field, message: `${field}: ${message}` };
    }));
  }
  const { maxLength, truncate, rules = 1 } = parsed.data;
  const tokenizer = createTokenizer(parsed.data.tokenizer, rules);
  const spelled = spellingOf(tokenizer.json, rules);
  const keyOf = rowKeys(tokenizer);
  const vocabulary = new Vocabulary(parsed.data.vocabulary);
  return {
    vocabulary: vocabulary.size,
    maxLength,
    hasLetters: hasLetters(tokenizer.json.kind),
    rules,
    encode: createTextEncoder(tokenizer, vocabulary, { maxLength, truncate, rules }),
    keyOf: (row) => keyOf(typeof row === "string" ? spelled(row) : row.map(spelled)),
    decode: (tokens) => Array.from(tokens, (token) => vocabulary.token(token)),
  };
}
