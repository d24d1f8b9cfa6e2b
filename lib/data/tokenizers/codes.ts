import { CharacterKind, KINDS } from "./characters.ts";
import type { Spans, Tokenizer } from "./tokenizer.ts";

/** What stands between white space, as it is: `login search add_to_cart`. */
export function codesTokenizer(): Tokenizer {
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
