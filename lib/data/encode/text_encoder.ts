/** Encodes single texts as the ids that a model reads. */
import { type ReadingRules, spellingOf } from "../../base/normal_form.ts";
import type { FieldRow } from "../../formats/columns.ts";
import { shownToken } from "./fields.ts";
import { Spans, spansOf, type Tokenizer } from "../tokenizers/tokenizer.ts";
import { textOf } from "../vocabulary/interner.ts";
import { TokenKeyList, type TokenKeys } from "../vocabulary/token_keys.ts";
import { hasLetters } from "../tokenizers/tokenizer.ts";
import { UNKNOWN, type Vocabulary } from "../vocabulary/vocabulary.ts";

export interface EncodedText {
  /** Ids from 1 to vocabulary - 1: at least one, and at most `maxLength`. */
  readonly tokens: Int32Array;
  /** Keys of the unknown ones among them, in order. */
  readonly unknown: TokenKeys;
  /** Fraction of these tokens that are not in the vocabulary. */
  readonly unknownShare: number;
  /** Tells whether the text has more tokens than are read. */
  readonly truncated: boolean;
}

/**
 * Encodes a text, a list of tokens that the caller cut (strings, or numbers in any form), or the fields of a row. Adds the
 * tokens that are read to `strings`, undefined for one without a spelling.
 */
export type EncodeText = (
  input: string | readonly (string | number | { toString(): string })[] | FieldRow,
  strings?: (string | undefined)[],
) => EncodedText;

/** Characters that are cut at first, for each token that is read. */
const CHARACTERS_PER_TOKEN = 16;

/**
 * Returns a function that cuts as much of a long text as is read. Pieces between white space have the same tokens as in the
 * whole text, except with a Hugging Face tokenizer.
 */
export function shortCut(
  { json, cut }: Tokenizer,
  { maxLength, truncate }: { readonly maxLength: number; readonly truncate: "end" | "start" },
): Tokenizer["cut"] {
  if (json.kind === "huggingface") return cut;
  return (text, spans) => {
    for (let length = CHARACTERS_PER_TOKEN * maxLength;; length *= 2) {
      const piece = truncate === "end" ? beginning(text, length) : ending(text, length);
      cut(piece, spans);
      if (spans.count > maxLength || piece.length === text.length) return;
    }
  };
}

export function createTextEncoder(
  tokenizer: Tokenizer,
  vocabulary: Vocabulary,
  { maxLength, truncate, rules, cutFields }: {
    readonly maxLength: number;
    readonly truncate: "end" | "start";
    readonly rules?: ReadingRules | undefined;
    /** Cuts the fields of a row, for a model of several columns. */
    readonly cutFields?: ((row: FieldRow) => readonly string[]) | undefined;
  },
): EncodeText {
  const spans = new Spans();
  const spelled = spellingOf(tokenizer.json, rules);
  const cutText = shortCut(tokenizer, { maxLength, truncate });

  return (given, strings) => {
    const isRow = typeof given === "object" && "fields" in given;
    if (isRow && !cutFields) throw new TypeError("the model has no columns: expected a text or tokens");
    const input = isRow ? cutFields!(given) : given;
    if (typeof input === "string") cutText(spelled(input), spans);
    else {
      // There may be thousands of tokens that are not read.
      const read = truncate === "end" ? input.slice(0, maxLength) : input.slice(-maxLength);
      spansOf(read.map((token) => isRow ? String(token) : spelled(String(token))), spans);
    }
    const { units, bounds } = spans;
    const count = typeof input === "string" ? spans.count : input.length;
    const used = Math.min(count, maxLength);
    const first = truncate === "end" ? 0 : spans.count - used;
    const tokens = new Int32Array(Math.max(1, used)).fill(UNKNOWN);
    const unknown = new TokenKeyList(hasLetters(tokenizer.json.kind));
    if (used === 0) {
      unknown.add(units, -1, -1);
      strings?.push(undefined);
    }
    for (let i = 0; i < used; i++) {
      const at = 2 * (first + i);
      if (strings) {
        const token = bounds[at]! < 0 ? undefined : textOf(units, bounds[at]!, bounds[at + 1]!);
        strings.push(isRow ? shownToken(token) : token);
      }
      tokens[i] = vocabulary.id(units, bounds[at]!, bounds[at + 1]!);
      if (tokens[i] === UNKNOWN) unknown.add(units, bounds[at]!, bounds[at + 1]!);
    }
    const unknownShare = unknown.size / tokens.length;
    return { tokens, unknown: unknown.keys(), unknownShare, truncated: count > maxLength };
  };
}

/** Returns at least the first `length` characters of `text`, up to white space or the end. */
function beginning(text: string, length: number): string {
  const more = text.slice(length).search(/\s/);
  return more < 0 ? text : text.slice(0, length + more);
}

/** Returns at most the last `length` characters of `text`, from a letter, digit or sign after white space; all without one. */
function ending(text: string, length: number): string {
  const from = Math.max(0, text.length - length);
  const less = from === 0 ? -1 : text.slice(from).search(/\s(?=[\p{L}\p{N}\p{P}\p{S}])/u);
  return less < 0 ? text : text.slice(from + less + 1);
}
