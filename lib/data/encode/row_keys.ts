/** Computes the keys of rows: hashes from which a run recognizes rows it was trained on, although it keeps no text. */
import { Spans, spansOf, type Tokenizer } from "../tokenizers/tokenizer.ts";

/** Most keys that are kept, of 8 bytes each. A run on more rows keeps none. */
export const MOST_KEYS = 1 << 22;

/** Ends each token. It is not a UTF-16 unit. */
const END = 0x10000;

/**
 * Returns the function from a row, in the model's spelling, to its key: 53 bits of a hash of the strings of its tokens,
 * known or not. One of a million new rows has the key of one of four million others with a probability of 0.05%. `cut`
 * are the tokens of the row, if the caller has cut it. Hugging Face tokenizers may return tokens without strings, so the
 * key of a text for them is that of the whole text.
 */
export function rowKeys({ json, cut }: Tokenizer): (row: string | readonly string[], cut?: Spans) => number {
  const own = new Spans();
  return (row, spans) => {
    const isWhole = typeof row === "string" && json.kind === "huggingface";
    if (spans && !isWhole) return keyOf(spans);
    if (typeof row === "string" && !isWhole) cut(row, own);
    else spansOf(typeof row === "string" ? [row] : row, own);
    return keyOf(own);
  };
}

function keyOf({ units, bounds, count }: Spans): number {
  let a = count | 0;
  let b = ~count;
  for (let token = 0; token < count; token++) {
    const end = bounds[2 * token + 1]!;
    for (let i = bounds[2 * token]!; i <= end; i++) {
      const value = i < end ? units[i]! : END;
      a = Math.imul(a ^ value, 0x85EBCA6B);
      a ^= a >>> 15;
      b = Math.imul((b + value) ^ (b << 5), 0xC2B2AE35);
      b ^= b >>> 13;
    }
  }
  a = Math.imul(a ^ (a >>> 16), 0x45D9F3B);
  b = Math.imul(b ^ (b >>> 16), 0x27D4EB2F);
  return ((a ^ (a >>> 16)) >>> 0) * 2 ** 21 + ((b ^ (b >>> 15)) >>> 11);
}
