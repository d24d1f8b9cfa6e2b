/** Cuts texts by a tokenizer.json into the tokens of Hugging Face's own library, without special tokens. */
import { createFindTokens } from "./added_tokens.ts";
import { bytePairs } from "./bpe.ts";
import { type Model, type Pieces, unigram, wordLevel, wordPiece } from "./models.ts";
import { createNormalize } from "./normalize.ts";
import { parseTokenizer, unsupported } from "./parse.ts";
import { createPreTokenize } from "./pre_tokenize.ts";
import type { ModelJson, TruncationJson } from "./schema.ts";

/** Most pieces whose tokens are remembered, and their greatest length. */
const MOST_REMEMBERED = 10_000;
const LONGEST_REMEMBERED = 256;

/** Returns the tokens of a text; undefined for one that the tokenizer does not know. */
type Tokenize = (text: string) => Pieces;

/** Throws an Unsupported that names the part of `json` that is not supported. */
export function createTokenize(json: unknown): Tokenize {
  const { added_tokens, normalizers, preTokenizers, model: modelJson, truncation } = parseTokenizer(json);
  const normalize = withPattern("normalizer", () => createNormalize(normalizers));
  const preTokenize = withPattern("pre_tokenizer", () => createPreTokenize(preTokenizers));
  const model = remembering(modelOf(modelJson));
  const find = createFindTokens(added_tokens, model.vocabulary, normalize);

  return (text) => {
    const tokens: (string | undefined)[] = [];
    let isStart = true;
    for (const written of find.written(text.toWellFormed())) {
      const parts = written.isToken ? [written] : find.normalized(normalize(written.text));
      for (const part of parts) {
        if (part.isToken) tokens.push(part.text);
        else {for (const piece of preTokenize(part.text, isStart)) {
            for (const token of model.cut(piece)) tokens.push(token);
          }}
        isStart = false;
      }
      isStart = false;
    }
    return truncation ? truncated(tokens, truncation) : tokens;
  };
}

function modelOf(json: ModelJson): Model {
  switch (json.type) {
    case "WordLevel":
      return wordLevel(json);
    case "WordPiece":
      return wordPiece(json);
    case "BPE":
      return bytePairs(json);
    case "Unigram":
      if (json.unk_id !== null && json.unk_id !== undefined && json.unk_id >= json.vocab.length) {
        unsupported("model.unk_id", `is ${json.unk_id}`, `the vocabulary has ${json.vocab.length} tokens`);
      }
      return unigram(json);
  }
}

/** Makes `model` remember the tokens of pieces. */
function remembering({ vocabulary, cut }: Model): Model {
  const known = new Map<string, Pieces>();
  return {
    vocabulary,
    cut(piece) {
      const before = known.get(piece);
      if (before) return before;
      const tokens = cut(piece);
      if (known.size < MOST_REMEMBERED && piece.length <= LONGEST_REMEMBERED) known.set(piece, tokens);
      return tokens;
    },
  };
}

function truncated(tokens: Pieces, { direction, max_length }: TruncationJson): Pieces {
  return direction === "Right" ? tokens.slice(0, max_length) : tokens.slice(Math.max(0, tokens.length - max_length));
}

function withPattern<Made>(path: string, make: () => Made): Made {
  try {
    return make();
  } catch (error) {
    if (error instanceof SyntaxError) unsupported(path, `has a pattern with ${error.message}`);
    throw error;
  }
}
