/** From a text to the ids that a model reads. Plain JavaScript when its types are gone: exported models run it in browsers. */
import { Spans, spansOf, type Tokenizer } from "./tokenizers/tokenizer.ts";
import { UNKNOWN, type Vocabulary } from "./vocabulary.ts";

export interface EncodedText {
  /** Ids from 1 to vocabulary - 1: at least one, and at most `maxLength`. */
  readonly tokens: Int32Array;
  /** Share of these tokens that the vocabulary does not hold. */
  readonly unknownShare: number;
  /** Whether the text has more tokens than are read. */
  readonly truncated: boolean;
}

/** Encodes a text, or a list of tokens that somebody else cut. */
export type Encoder = (input: string | readonly (string | number)[]) => EncodedText;

export function createEncoder(
  tokenizer: Tokenizer,
  vocabulary: Vocabulary,
  { maxLength, truncate }: { readonly maxLength: number; readonly truncate: "end" | "start" },
): Encoder {
  const spans = new Spans();
  return (input) => {
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
  };
}
