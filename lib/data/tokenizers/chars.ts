import { CharacterKind, isHighSurrogate, KINDS } from "./characters.ts";
import type { Spans, Tokenizer } from "./tokenizer.ts";

/** One token a character: a code point with the accents that follow it. Runs of white space are one space. */
export function charsTokenizer(lowercase: boolean): Tokenizer {
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
