/**
 * One spelling for texts that look the same: characters that nobody sees are dropped, and letters with accents are
 * composed (Unicode's NFC). Plain JavaScript when its types are gone: exported models run it in browsers.
 */

import { CharacterKind, KINDS } from "./characters.ts";

/** Matches all that may have another spelling, and some that has none: letters up to U+02FF are in NFC, alone and together. */
const UNUSUAL = /[\xAD\u0300-\uFFFF]/;

/**
 * Unicode's own list of what is not shown: soft hyphens, zero-width spaces and joiners, marks of direction, byte order
 * marks, variation selectors and their like.
 */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}+/gu;

/** The same without what changes how its neighbours look: joiners, variation selectors and the tags of flags. */
const INVISIBLE_IN_LABELS =
  /(?:(?![\u200C\u200D\u180B-\u180D\u180F\uFE00-\uFE0F\u{E0020}-\u{E01EF}])\p{Default_Ignorable_Code_Point})+/gu;

/** Joiners where nothing is joined. */
const LOOSE_ENDS = /^[\s\u200C\u200D]+|[\s\u200C\u200D]+$/g;

/** More accents on one letter than any writing has. To sort n of them takes n² steps, so what is beyond them is dropped. */
const MOST_MARKS = 64;
const MANY_MARKS = new RegExp(`(\\p{M}{${MOST_MARKS}})\\p{M}+`, "gu");

/** `text` in NFC, but for accents without end. */
export function composed(text: string): string {
  return (mayHaveMany(text) ? text.replaceAll(MANY_MARKS, "$1") : text).normalize("NFC");
}

/** Whether there may be so many accents: to look is quicker than the expression is. */
function mayHaveMany(text: string): boolean {
  let marks = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    // Halves of characters may be of marks.
    marks = unit >= 0x300 && (KINDS[unit] === CharacterKind.mark || (unit & 0xF800) === 0xD800) ? marks + 1 : 0;
    if (marks > MOST_MARKS) return true;
  }
  return false;
}

/** The one spelling of a text or a token. */
export function normalForm(text: string): string {
  return UNUSUAL.test(text) ? composed(text.replaceAll(INVISIBLE, "")) : text;
}

/** The one spelling of a label: as it is shown, without what means nothing. */
export function labelForm(label: string): string {
  const trimmed = label.trim();
  if (!UNUSUAL.test(trimmed)) return trimmed;
  return composed(trimmed.replaceAll(INVISIBLE_IN_LABELS, "").replaceAll(LOOSE_ENDS, ""));
}

/**
 * How a model spells texts and tokens, by the rules that are saved with it; those of runs that do not say are the first
 * ones. A tokenizer of Hugging Face has a spelling of its own.
 */
export function spellingOf(
  { kind }: { readonly kind: string },
  rules: 1 | 2 | undefined,
): (text: string) => string {
  return rules === 2 && kind !== "huggingface" ? normalForm : (text) => text;
}

/** Whether a code point is one that is not shown. */
export function isInvisible(character: string): boolean {
  return character.search(INVISIBLE) === 0;
}
