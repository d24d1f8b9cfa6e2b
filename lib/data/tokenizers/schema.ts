/** Describes tokenizers as JSON, from which training and serving create the same one. */
import { z } from "zod";

/** Any JSON object; its values are checked where they are used. */
export const objectSchema = z.record(z.string(), z.unknown());

export const tokenizerSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("words"), lowercase: z.boolean(), punctuation: z.enum(["keep", "drop"]) }),
  z.strictObject({ kind: z.literal("chars"), lowercase: z.boolean() }),
  z.strictObject({ kind: z.literal("codes") }),
  z.strictObject({
    kind: z.literal("huggingface"),
    /** The contents of tokenizer.json. */
    tokenizer: objectSchema,
    /** The contents of tokenizer_config.json, in runs of the first rules. */
    config: objectSchema.optional(),
  }),
]);

export type TokenizerJson = z.infer<typeof tokenizerSchema>;
export type HuggingFaceJson = Extract<TokenizerJson, { kind: "huggingface" }>;
export type PlainTokenizerJson = Exclude<TokenizerJson, HuggingFaceJson>;
