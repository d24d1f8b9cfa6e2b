/** Describes tokenizers as JSON, from which training and serving create the same one. */
import { anyObject, Fields, flag, oneOf } from "../../base/shapes.ts";

/** Any JSON object; its values are checked where they are used. */
type AnyObject = Readonly<Record<string, unknown>>;

export type PlainTokenizerJson =
  | { readonly kind: "words"; readonly lowercase: boolean; readonly punctuation: "keep" | "drop" }
  | { readonly kind: "chars"; readonly lowercase: boolean }
  | { readonly kind: "codes" };

export interface HuggingFaceJson {
  readonly kind: "huggingface";
  /** The contents of tokenizer.json. */
  readonly tokenizer: AnyObject;
  /** The contents of tokenizer_config.json, in runs of the first rules. */
  readonly config?: AnyObject | undefined;
}

export type TokenizerJson = PlainTokenizerJson | HuggingFaceJson;

/** Throws a ShapeError unless `value` describes a tokenizer. */
export function tokenizerShape(value: unknown, field: string): TokenizerJson {
  const fields = new Fields(value, field);
  const kind = fields.read("kind", oneOf("words", "chars", "codes", "huggingface"));
  switch (kind) {
    case "words": {
      const lowercase = fields.only("kind", "lowercase", "punctuation").read("lowercase", flag);
      return { kind, lowercase, punctuation: fields.read("punctuation", oneOf("keep", "drop")) };
    }
    case "chars":
      return { kind, lowercase: fields.only("kind", "lowercase").read("lowercase", flag) };
    case "codes":
      fields.only("kind");
      return { kind };
    case "huggingface": {
      const tokenizer = fields.only("kind", "tokenizer", "config").read("tokenizer", anyObject);
      const config = fields.maybe("config", anyObject);
      return { kind, tokenizer, ...config && { config } };
    }
  }
}
