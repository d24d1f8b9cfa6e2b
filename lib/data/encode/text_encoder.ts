/** From a text to the ids that a model reads. Plain JavaScript when its types are gone: exported models run it in browsers. */
import { spellingOf } from "../tokenizers/normal_form.ts";
import { Spans, spansOf, type Tokenizer } from "../tokenizers/tokenizer.ts";
import { UNKNOWN, type Vocabulary } from "../vocabulary/vocabulary.ts";

export interface EncodedText {
  /** Ids from 1 to vocabulary - 1: at least one, and at most `maxLength`. */
  readonly tokens: Int32Array;
  /** Share of these tokens that the vocabulary does not hold. */
  readonly unknownShare: number;
  /** Whether the text has more tokens than are read. */
  readonly truncated: boolean;
}

/** Encodes a text, or a list of tokens that somebody else cut: strings, or numbers however they are kept. */
export type Encoder = (input: string | readonly (string | number | { toString(): string })[]) => EncodedText;

/** Characters that a text is cut up to at first, for each token that is read. */
const CHARACTERS_PER_TOKEN = 16;

export function createEncoder(
  tokenizer: Tokenizer,
  vocabulary: Vocabulary,
  { maxLength, truncate, rules }: {
    readonly maxLength: number;
    readonly truncate: "end" | "start";
    readonly rules?: 1 | 2 | undefined;
  },
): Encoder {
  const spans = new Spans();
  const spelled = spellingOf(tokenizer.json, rules);

  /** Cuts as much of a long text as is read of it. Its parts at white space have the tokens that they have in all of it. */
  function cutText(text: string): void {
    if (tokenizer.json.kind === "huggingface") return tokenizer.cut(text, spans);
    for (let length = CHARACTERS_PER_TOKEN * maxLength;; length *= 2) {
      const part = truncate === "end" ? beginning(text, length) : ending(text, length);
      tokenizer.cut(part, spans);
      if (spans.count > maxLength || part.length === text.length) return;
    }
  }

  return (input) => {
    if (typeof input === "string") cutText(spelled(input));
    else {
      // Those that are not read may be thousands.
      const read = truncate === "end" ? input.slice(0, maxLength) : input.slice(-maxLength);
      spansOf(read.map((token) => spelled(String(token))), spans);
    }
    const { units, bounds } = spans;
    const count = typeof input === "string" ? spans.count : input.length;
    const used = Math.min(count, maxLength);
    const first = truncate === "end" ? 0 : spans.count - used;
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

/** At least the first `length` characters of `text`, to white space or the end. */
function beginning(text: string, length: number): string {
  const more = text.slice(length).search(/\s/);
  return more < 0 ? text : text.slice(0, length + more);
}

/** At most the last `length` characters of `text`, from a letter, digit or sign after white space on; all if there is none. */
function ending(text: string, length: number): string {
  const from = Math.max(0, text.length - length);
  const less = from === 0 ? -1 : text.slice(from).search(/\s(?=[\p{L}\p{N}\p{P}\p{S}])/u);
  return less < 0 ? text : text.slice(from + less + 1);
}
