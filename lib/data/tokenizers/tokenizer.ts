/** What cuts a text into tokens. Training and serving make theirs from the same JSON, so they never differ. */
import { grown } from "../../base/growing_arrays.ts";
import { textOf, unitsOf } from "../vocabulary/interner.ts";

/** Tokens as parts of a text: made anew by each cut in the same object, so that millions of cuts leave nothing behind. */
export class Spans {
  /** The UTF-16 units that the spans are of: those of the text that was cut, in another case perhaps. */
  units = new Uint16Array(4096);
  /** Number of tokens. */
  count = 0;
  /** Per token the unit where it starts and the one past its end; a start of -1 is a token that has no string. */
  bounds = new Int32Array(1024);

  /** Begins the tokens of `text`. */
  reset(text: string): void {
    this.units = unitsOf(text, this.units);
    this.count = 0;
  }

  push(start: number, end: number): void {
    const at = 2 * this.count;
    if (at + 2 > this.bounds.length) this.bounds = grown(this.bounds, at + 2);
    this.bounds[at] = start;
    this.bounds[at + 1] = end;
    this.count++;
  }

  /** The tokens as strings; undefined for one that has none. */
  strings(): (string | undefined)[] {
    return Array.from({ length: this.count }, (_, token) => {
      const start = this.bounds[2 * token]!;
      return start < 0 ? undefined : textOf(this.units, start, this.bounds[2 * token + 1]!);
    });
  }
}

export interface Tokenizer {
  /** What the tokenizer is made from again, as JSON. */
  readonly json: TokenizerJson;
  /** Writes the tokens of `text` into `spans`. */
  cut(text: string, spans: Spans): void;
}

export type PlainTokenizerJson =
  | { readonly kind: "words"; readonly lowercase: boolean; readonly punctuation: "keep" | "drop" }
  | { readonly kind: "chars"; readonly lowercase: boolean }
  | { readonly kind: "codes" };

export type TokenizerJson =
  | PlainTokenizerJson
  | {
    readonly kind: "huggingface";
    /** The contents of tokenizer.json. */
    readonly tokenizer: Readonly<Record<string, unknown>>;
    /** The contents of tokenizer_config.json, in runs of the first rules. */
    readonly config?: Readonly<Record<string, unknown>> | undefined;
  };

/** Writes a list of tokens, cut by whoever made it, into `spans`. */
export function spansOf(tokens: readonly string[], spans: Spans): void {
  spans.reset(tokens.join(""));
  let start = 0;
  for (const token of tokens) {
    spans.push(start, start + token.length);
    start += token.length;
  }
}
