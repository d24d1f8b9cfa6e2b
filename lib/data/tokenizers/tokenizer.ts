/**
 * Describes how tokenizers write the tokens of a text. Training and serving create theirs from the same JSON, so they cut
 * alike.
 */
import { grown } from "../../base/growing_arrays.ts";
import { textOf, unitsOf } from "../vocabulary/interner.ts";
import type { TokenizerJson } from "./schema.ts";

/** Holds tokens as positions in a text. Every cut reuses the same object, so millions of cuts leave no garbage. */
export class Spans {
  /** UTF-16 units of the text that the spans refer to; its case may differ from that of the text that was cut. */
  units = new Uint16Array(4096);
  /** Number of tokens. */
  count = 0;
  /** Per token the unit where it starts and the one after its end; a token without a string starts at -1. */
  bounds = new Int32Array(1024);

  /** Removes all tokens, and takes `text` as the one that new tokens refer to. */
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

  /** Returns the tokens as strings; undefined for a token without one. */
  strings(): (string | undefined)[] {
    return Array.from({ length: this.count }, (_, token) => {
      const start = this.bounds[2 * token]!;
      return start < 0 ? undefined : textOf(this.units, start, this.bounds[2 * token + 1]!);
    });
  }
}

/** Tells whether the tokens of a tokenizer of `kind` are words or parts of words, whose letters have a meaning. */
export function hasLetters(kind: TokenizerJson["kind"]): boolean {
  return kind === "words" || kind === "huggingface";
}

export interface Tokenizer {
  /** Describes the tokenizer, so that another process can create the same one. */
  readonly json: TokenizerJson;
  /** Writes the tokens of `text` into `spans`. */
  cut(text: string, spans: Spans): void;
}

/** Writes a list of tokens, which the caller cut, into `spans`. */
export function spansOf(tokens: readonly string[], spans: Spans): void {
  spans.reset(tokens.join(""));
  let start = 0;
  for (const token of tokens) {
    spans.push(start, start + token.length);
    start += token.length;
  }
}
