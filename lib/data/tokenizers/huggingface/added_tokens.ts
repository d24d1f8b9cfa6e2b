/** Finds the added tokens of tokenizer.json, before anything else is done: verbatim or in normalized form. */
import { patternOf } from "../../../base/printable.ts";
import type { Normalize } from "./normalize.ts";
import { unsupported } from "./parse.ts";
import type { AddedTokenJson } from "./schema.ts";
import { WHITE_SPACE, WORD } from "./unicode.ts";

/** A piece of a text. A token includes the white space that it strips, as in Hugging Face's library. */
interface Part {
  readonly text: string;
  readonly isToken: boolean;
}

const endsWithWord = new RegExp(`[${WORD}]$`, "v");
const startsWithWord = new RegExp(`^[${WORD}]`, "v");
const space = new RegExp(`[${WHITE_SPACE}]`, "v");

/** Splits a text at its added tokens. */
type FindTokens = (text: string) => readonly Part[];

/** Creates a function that finds tokens in the original text, and one for normalized text. Throws an Unsupported. */
export function createFindTokens(
  added: readonly AddedTokenJson[],
  vocabulary: ReadonlyMap<string, number>,
  normalize: Normalize,
): { readonly written: FindTokens; readonly normalized: FindTokens } {
  // Like Hugging Face's library, this assigns new ids: a later token replaces one with the same id.
  const ids = new Map<string, number>();
  const tokens = new Map<number, AddedTokenJson>();
  let next = vocabulary.size;
  for (const token of added) {
    if (token.content === "") continue;
    const id = ids.get(token.content) ?? vocabulary.get(token.content) ?? next++;
    ids.set(token.content, id);
    tokens.set(id, token);
  }
  const written = new Map<string, AddedTokenJson>();
  const normalized = new Map<string, AddedTokenJson>();
  for (const token of tokens.values()) {
    const content = token.normalized ? normalize(token.content) : token.content;
    const found = token.normalized ? normalized : written;
    if (content === "") unsupported("added_tokens", `holds "${token.content}", which the normalizer empties`);
    if (found.has(content)) {
      unsupported(
        "added_tokens",
        `holds "${token.content}", which equals another token in normalized form, "${content}"`,
      );
    }
    found.set(content, token);
  }
  return { written: finder(written), normalized: finder(normalized) };
}

function finder(tokens: ReadonlyMap<string, AddedTokenJson>): FindTokens {
  if (tokens.size === 0) return (text) => text === "" ? [] : [{ text, isToken: false }];
  const longestFirst = [...tokens.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(
    longestFirst.map(patternOf).join("|"),
    "g",
  );
  return (text) => {
    const parts: Part[] = [];
    let done = 0;
    let spaceEnd = 0;
    for (const { index, 0: content } of text.matchAll(pattern)) {
      const token = tokens.get(content)!;
      let start = index;
      let end = index + content.length;
      const isWord = () => !endsWithWord.test(charBefore(text, start)) && !startsWithWord.test(charAfter(text, end));
      if (token.single_word && !isWord()) continue;
      if (token.lstrip) {
        while (start > done && space.test(text[start - 1]!)) start--;
        start = Math.max(start, done);
      }
      if (token.rstrip) {
        // White space that was searched for the previous token is not searched again.
        end = Math.max(end, spaceEnd);
        while (end < text.length && space.test(text[end]!)) end++;
        spaceEnd = end;
      }
      if (done < start) parts.push({ text: text.slice(done, start), isToken: false });
      // An earlier token may include all white space of this one.
      if (start < end) parts.push({ text: text.slice(start, end), isToken: true });
      done = end;
    }
    if (done < text.length) parts.push({ text: text.slice(done), isToken: false });
    return parts;
  };
}

function charBefore(text: string, at: number): string {
  return Array.from(text.slice(Math.max(0, at - 2), at)).at(-1) ?? "";
}

function charAfter(text: string, at: number): string {
  return Array.from(text.slice(at, at + 2))[0] ?? "";
}
