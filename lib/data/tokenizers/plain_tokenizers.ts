/** Tokenizers that need no file: words, characters, and codes between white space. */
import { CharacterKind, isHighSurrogate, KINDS, rareKind } from "../../base/characters.ts";
import type { PlainTokenizerJson } from "./schema.ts";
import type { Spans, Tokenizer } from "./tokenizer.ts";

export function plainTokenizer(json: PlainTokenizerJson): Tokenizer {
  switch (json.kind) {
    case "words":
      return wordsTokenizer(json.lowercase, json.punctuation);
    case "chars":
      return charsTokenizer(json.lowercase);
    case "codes":
      return codesTokenizer();
  }
}

/** Matches letters of scripts without spaces. Each is a token of its own, as there is no dictionary to find words with. */
const ALONE = /^(?=\p{L})[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]$/u;

/** Has a 1 for each UTF-16 unit that is such a letter. */
const STANDS_ALONE: Uint8Array = Uint8Array.from(
  { length: 0x10000 },
  (_, unit) => ALONE.test(String.fromCharCode(unit)) ? 1 : 0,
);

/** Tells such letters past U+FFFF: they are in the planes of ideographs. */
function isIdeograph(codePoint: number): boolean {
  return codePoint >= 0x20000 && codePoint <= 0x3FFFF;
}

/** Tells whether a code point is a letter that is a token by itself. */
export function isSingleToken(codePoint: number): boolean {
  return codePoint > 0xFFFF ? isIdeograph(codePoint) : STANDS_ALONE[codePoint] === 1;
}

/**
 * Cuts words of any script: runs of letters, digits, accents and underscores, with an apostrophe between two of them
 * (don't). Any other character except white space is punctuation, which is a token of its own or dropped. Scripts written
 * without spaces give one token a letter.
 */
function wordsTokenizer(lowercase: boolean, punctuation: "keep" | "drop"): Tokenizer {
  const keeps = punctuation === "keep";

  function cut(original: string, spans: Spans): void {
    const text = lowercase ? original.toLowerCase() : original;
    spans.reset(text);
    const { units } = spans;
    const length = text.length;
    /** Returns the kind of the unit at `end`. */
    const kindAt = (end: number) => end < length ? KINDS[units[end]!]! : CharacterKind.space;
    /** Where the current word began; -1 between words. */
    let start = -1;
    for (let i = 0, end = 0; i < length; i = end) {
      const unit = units[i]!;
      let kind = KINDS[unit]!;
      let alone = STANDS_ALONE[unit] === 1;
      end = i + 1;
      if (isHighSurrogate(unit)) {
        const codePoint = text.codePointAt(i)!;
        if (codePoint > 0xFFFF) {
          end = i + 2;
          kind = rareKind(codePoint);
          alone = isIdeograph(codePoint);
        }
      }
      if (kind === CharacterKind.word && !alone) {
        if (start < 0) start = i;
        continue;
      }
      // An accent belongs to the word before it; without one it is dropped like white space.
      if (kind === CharacterKind.mark) continue;
      if (kind === CharacterKind.joiner && start >= 0 && kindAt(end) === CharacterKind.word) continue;
      if (start >= 0) spans.push(start, i);
      start = -1;
      if (alone) { while (kindAt(end) === CharacterKind.mark) end++; }
      if (alone || (keeps && kind !== CharacterKind.space)) spans.push(i, end);
    }
    if (start >= 0) spans.push(start, length);
  }

  return { json: { kind: "words", lowercase, punctuation }, cut };
}

/** Cuts characters: code points with the accents that follow them. A run of white space is one space. */
function charsTokenizer(lowercase: boolean): Tokenizer {
  function cut(original: string, spans: Spans): void {
    const text = (lowercase ? original.toLowerCase() : original).replaceAll(/\s+/g, " ").trim();
    spans.reset(text);
    for (let i = 0; i < text.length;) {
      const start = i;
      i += isHighSurrogate(text.charCodeAt(i)) && text.codePointAt(i)! > 0xFFFF ? 2 : 1;
      while (i < text.length && KINDS[text.charCodeAt(i)] === CharacterKind.mark) i++;
      spans.push(start, i);
    }
  }
  return { json: { kind: "chars", lowercase }, cut };
}

/** Cuts at white space and changes nothing else: `login search add_to_cart`. */
function codesTokenizer(): Tokenizer {
  function cut(text: string, spans: Spans): void {
    spans.reset(text);
    let start = -1;
    for (let i = 0; i < text.length; i++) {
      if (KINDS[spans.units[i]!] !== CharacterKind.space) {
        if (start < 0) start = i;
      } else if (start >= 0) {
        spans.push(start, i);
        start = -1;
      }
    }
    if (start >= 0) spans.push(start, text.length);
  }
  return { json: { kind: "codes" }, cut };
}
