/** Implements the models of tokenizer.json that look words up: WordLevel, WordPiece and Unigram. */
import type { ModelJson } from "./schema.ts";
import { byteTokens } from "./unicode.ts";

/** The tokens of a piece; undefined for one that the tokenizer does not know. */
export type Pieces = readonly (string | undefined)[];

export interface Model {
  readonly vocabulary: ReadonlyMap<string, number>;
  cut(piece: string): Pieces;
}

type Json<Type> = Extract<ModelJson, { readonly type: Type }>;

export function wordLevel({ vocab, unk_token }: Json<"WordLevel">): Model {
  const vocabulary = new Map(Object.entries(vocab));
  const unknown = [vocabulary.has(unk_token) ? unk_token : undefined];
  return { vocabulary, cut: (piece) => vocabulary.has(piece) ? [piece] : unknown };
}

export function wordPiece(json: Json<"WordPiece">): Model {
  const vocabulary = new Map(Object.entries(json.vocab));
  const unknown = [vocabulary.has(json.unk_token) ? json.unk_token : undefined];
  /** Length of the longest token. */
  const most = [...vocabulary.keys()].reduce((most, token) => Math.max(most, token.length), 0);

  function cut(piece: string): Pieces {
    const chars = [...piece];
    if (chars.length > json.max_input_chars_per_word) return unknown;
    const tokens: string[] = [];
    for (let start = 0; start < chars.length;) {
      const token = longest(chars, start);
      if (token === undefined) return unknown;
      tokens.push(token.text);
      start = token.end;
    }
    return tokens;
  }

  function longest(chars: readonly string[], start: number): { text: string; end: number } | undefined {
    const prefix = start > 0 ? json.continuing_subword_prefix : "";
    const last = Math.min(chars.length, start + most);
    let rest = prefix + chars.slice(start, last).join("");
    for (let end = last; end > start; end--) {
      if (vocabulary.has(rest)) return { text: rest, end };
      rest = rest.slice(0, rest.length - chars[end - 1]!.length);
    }
    return undefined;
  }
  return { vocabulary, cut };
}

/** An unknown character costs this much more than the least probable token. */
const UNKNOWN_PENALTY = 10;

/** Finds the tokens with the greatest sum of scores (Kudo 2018), and the first of equals. */
export function unigram({ vocab, unk_id, byte_fallback }: Json<"Unigram">): Model {
  const vocabulary = new Map(vocab.map(([token], index) => [token, index]));
  const scores = vocab.map(([, score]) => score);
  const unknownScore = scores.reduce((least, score) => Math.min(least, score), Infinity) - UNKNOWN_PENALTY;
  const unknownId = unk_id ?? -1;
  /** Proper prefixes of tokens: a search ends where the text has none of them. */
  const prefixes = new Set<string>();
  for (const token of vocabulary.keys()) {
    for (let end = 1; end < token.length; end++) prefixes.add(token.slice(0, end));
  }

  function cut(piece: string): Pieces {
    const { length } = piece;
    const starts = new Int32Array(length + 1).fill(-1);
    const ids = new Int32Array(length + 1);
    const sums = new Float64Array(length + 1);
    const offer = (start: number, end: number, id: number, score: number) => {
      const sum = score + sums[start]!;
      if (starts[end]! >= 0 && sum <= sums[end]!) return;
      starts[end] = start;
      ids[end] = id;
      sums[end] = sum;
    };
    for (let start = 0, size = 0; start < length; start += size) {
      size = piece.codePointAt(start)! > 0xffff ? 2 : 1;
      let hasCharacter = false;
      for (let end = start + 1; end <= length; end++) {
        const text = piece.slice(start, end);
        const id = vocabulary.get(text);
        if (id !== undefined) {
          offer(start, end, id, scores[id]!);
          hasCharacter ||= end === start + size;
        }
        if (!prefixes.has(text)) break;
      }
      if (!hasCharacter) offer(start, start + size, unknownId, unknownScore);
    }
    return tokensOf(piece, starts, ids);
  }

  /** Returns the tokens of the best path. Adjacent unknown tokens are joined. */
  function tokensOf(piece: string, starts: Int32Array, ids: Int32Array): Pieces {
    const texts: string[] = [];
    for (let end = piece.length; end > 0;) {
      let start = starts[end]!;
      while (ids[end] === unknownId && start > 0 && ids[start] === unknownId) start = starts[start]!;
      texts.push(piece.slice(start, end));
      end = start;
    }
    return texts.reverse().flatMap((text) => {
      if (vocabulary.has(text)) return [text];
      const bytes = byte_fallback ? byteTokens(text) : [undefined];
      return bytes.every((byte) => byte !== undefined && vocabulary.has(byte)) ? bytes : [undefined];
    });
  }
  return { vocabulary, cut };
}
