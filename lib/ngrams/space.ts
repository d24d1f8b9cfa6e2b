/** Chooses which n-grams count, by the kind of token. */
import type { TokenizerJson } from "../data/tokenizers/schema.ts";
import type { NgramSpace } from "./features.ts";

/** A vocabulary this small has events, whose meaning depends on their neighbours. */
const SMALL_VOCABULARY = 512;

/** Returns pairs of words or codes, up to five characters, and up to four codes where there are few different ones. */
export function ngramSpace(kind: TokenizerJson["kind"], vocabulary: number): NgramSpace {
  if (kind === "chars") return { order: 5, hasEnds: true };
  if (kind === "codes" && vocabulary <= SMALL_VOCABULARY) return { order: 4, hasEnds: true };
  return { order: 2, hasEnds: true };
}
