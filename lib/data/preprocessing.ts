/** From a text to the ids that a model reads: saved beside the model, so that serving does as training did. */
import { z } from "zod";
import { InputError } from "../errors.ts";
import { createTokenizer } from "./tokenizers/create.ts";
import { Spans, spansOf } from "./tokenizers/tokenizer.ts";
import { UNKNOWN, Vocabulary } from "./vocabulary.ts";

const objectSchema = z.record(z.string(), z.unknown());

const tokenizerSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("words"), lowercase: z.boolean(), punctuation: z.enum(["keep", "drop"]) }),
  z.strictObject({ kind: z.literal("chars"), lowercase: z.boolean() }),
  z.strictObject({ kind: z.literal("codes") }),
  z.strictObject({ kind: z.literal("huggingface"), tokenizer: objectSchema, config: objectSchema }),
]);

export const preprocessingSchema = z.strictObject({
  tokenizer: tokenizerSchema,
  /** The known tokens, from id 2 on; 0 is padding and 1 what is unknown. */
  vocabulary: z.array(z.string()),
  maxLength: z.int().min(1),
  truncate: z.enum(["end", "start"]),
});
export type PreprocessingJson = z.infer<typeof preprocessingSchema>;

export interface EncodedText {
  /** Ids from 1 to vocabulary - 1: at least one, and at most `maxLength`. */
  readonly tokens: Int32Array;
  /** Share of these tokens that the vocabulary does not hold. */
  readonly unknownShare: number;
  /** Whether the text has more tokens than are read. */
  readonly truncated: boolean;
}

export interface Preprocessing {
  /** Number of ids, with padding and unknown. */
  readonly vocabulary: number;
  readonly maxLength: number;
  /** Encodes a text, or a list of tokens that somebody else cut. */
  encode(input: string | readonly (string | number)[]): EncodedText;
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
  const { tokenizer: { ...kind }, maxLength, truncate } = parsed.data;
  const tokenizer = createTokenizer(kind);
  const vocabulary = new Vocabulary(parsed.data.vocabulary);
  const spans = new Spans();

  function encode(input: string | readonly (string | number)[]): EncodedText {
    if (typeof input === "string") tokenizer.cut(input, spans);
    else spansOf(input.map(String), spans);
    const { units, bounds, count } = spans;
    const used = Math.min(count, maxLength);
    const first = truncate === "end" ? 0 : count - used;
    const tokens = new Int32Array(Math.max(1, used)).fill(UNKNOWN);
    let unknown = used === 0 ? 1 : 0;
    for (let i = 0; i < used; i++) {
      const at = 2 * (first + i);
      tokens[i] = vocabulary.id(units, bounds[at]!, bounds[at + 1]!);
      if (tokens[i] === UNKNOWN) unknown++;
    }
    return { tokens, unknownShare: unknown / tokens.length, truncated: count > maxLength };
  }

  return {
    vocabulary: vocabulary.size,
    maxLength,
    encode,
    decode: (tokens) => Array.from(tokens, (token) => vocabulary.token(token)),
  };
}
