/** Added tokens of tokenizer.json: they are found in a text before all else, as they are or in their normalized form. */
import type { Normalize } from "./normalize.ts";
import { unsupported } from "./parse.ts";
import type { AddedTokenJson } from "./schema.ts";
import { WHITE_SPACE, WORD } from "./unicode.ts";

/** A part of a text. A token has the white space that it strips, as in the tokens of Hugging Face's library. */
export interface Part {
  readonly text: string;
  readonly isToken: boolean;
}

const endsWithWord = new RegExp(`[${WORD}]$`, "v");
const startsWithWord = new RegExp(`^[${WORD}]`, "v");
const space = new RegExp(`[${WHITE_SPACE}]`, "v");

/** Finds added tokens in a part of a text. */
export type FindTokens = (text: string) => readonly Part[];

/** One that finds tokens in a text as it was written, and one for what the normalizer makes of it. Throws an Unsupported. */
export function createFindTokens(
  added: readonly AddedTokenJson[],
  vocabulary: ReadonlyMap<string, number>,
  normalize: Normalize,
): { readonly written: FindTokens; readonly normalized: FindTokens } {
  // Ids are given anew, as Hugging Face's library does: a later token takes the place of one with its id.
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
    if (content === "") unsupported("added_tokens", `holds "${token.content}" of which the normalizer leaves nothing`);
    if (found.has(content)) {
      unsupported("added_tokens", `holds "${token.content}" that is "${content}" like another one`);
    }
    found.set(content, token);
  }
  return { written: finder(written), normalized: finder(normalized) };
}

function finder(tokens: ReadonlyMap<string, AddedTokenJson>): FindTokens {
  if (tokens.size === 0) return (text) => text === "" ? [] : [{ text, isToken: false }];
  const longestFirst = [...tokens.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(
    longestFirst.map((content) => content.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|"),
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
        // White space that was looked through for the token before it is not looked through again.
        end = Math.max(end, spaceEnd);
        while (end < text.length && space.test(text[end]!)) end++;
        spaceEnd = end;
      }
      if (done < start) parts.push({ text: text.slice(done, start), isToken: false });
      // An earlier token may have taken all of this one's white space along.
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
