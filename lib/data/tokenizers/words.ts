import { CharacterKind, isHighSurrogate, KINDS, rareKind } from "./characters.ts";
import type { Spans, Tokenizer } from "./tokenizer.ts";

/** Scripts that are written without spaces: each of their letters is a token, as there is no dictionary here. */
const ALONE = /^(?=\p{L})[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]$/u;

/** Whether a UTF-16 unit is such a letter. */
const STANDS_ALONE: Uint8Array = Uint8Array.from(
  { length: 0x10000 },
  (_, unit) => ALONE.test(String.fromCharCode(unit)) ? 1 : 0,
);

/** Whether a code point past U+FFFF is one: it is in the ideographs' own planes. */
function isIdeograph(codePoint: number): boolean {
  return codePoint >= 0x20000 && codePoint <= 0x3FFFF;
}

/** Whether a code point is a letter that is a token by itself. */
export function standsAlone(codePoint: number): boolean {
  return codePoint > 0xFFFF ? isIdeograph(codePoint) : STANDS_ALONE[codePoint] === 1;
}

/**
 * Words of any script: runs of letters, digits, accents and underscores, with an apostrophe between two of them (don't).
 * Everything else but white space is punctuation, each character a token of its own, or none. Scripts written without
 * spaces give a token a letter.
 */
export function wordsTokenizer(lowercase: boolean, punctuation: "keep" | "drop"): Tokenizer {
  const keeps = punctuation === "keep";

  function cut(original: string, spans: Spans): void {
    const text = lowercase ? original.toLowerCase() : original;
    spans.reset(text);
    const { units } = spans;
    const length = text.length;
    /** The kind of what follows the unit before `end`. */
    const kindAt = (end: number) => end < length ? KINDS[units[end]!]! : CharacterKind.space;
    /** Where the word under way began; -1 without one. */
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
      // An accent goes on with the word that it follows; without one it is dropped, as white space is.
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
