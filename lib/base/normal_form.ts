/**
 * Gives texts that look the same the same spelling: drops invisible characters, and composes letters with accents
 * (Unicode's NFC).
 */
import { CharacterKind, KINDS } from "./characters.ts";

/**
 * Versions of the rules by which rows are read. 1: numbers in JSON by their value, only fastText's first label,
 * characters unchanged. 2: numbers with their written digits, fastText's labels at any place, one spelling for characters
 * that look the same (lib/base/normal_form.ts), a tokenizer.json by Hugging Face's own library. Runs that do not name a
 * version were trained by 1.
 */
export const READING_RULES = [1, 2] as const;
export type ReadingRules = typeof READING_RULES[number];

export const NEWEST_RULES: ReadingRules = 2;

/** Matches every text that may have another spelling, and some that have none. Texts of letters up to U+02FF are in NFC. */
const UNUSUAL = /[\xAD\u0300-\uFFFF]/;

/**
 * Matches invisible characters by Unicode's list: soft hyphens, zero-width spaces and joiners, direction marks, byte order
 * marks, variation selectors and others.
 */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}+/gu;

/** Matches the same except joiners, variation selectors and the tags of flags, which change how their neighbours look. */
const INVISIBLE_IN_LABELS =
  /(?:(?![\u200C\u200D\u180B-\u180D\u180F\uFE00-\uFE0F\u{E0020}-\u{E01EF}])\p{Default_Ignorable_Code_Point})+/gu;

/** Matches joiners and space at the ends, where nothing is joined. */
const LOOSE_ENDS = /^[\s\u200C\u200D]+|[\s\u200C\u200D]+$/g;

/** More accents on one letter than any script has. Sorting n accents takes n² steps, so more are dropped. */
const MOST_MARKS = 64;
const MANY_MARKS = new RegExp(`(\\p{M}{${MOST_MARKS}})\\p{M}+`, "gu");

/** Returns `text` in NFC, with at most `MOST_MARKS` accents on a letter. */
export function composed(text: string): string {
  return (mayHaveMany(text) ? text.replaceAll(MANY_MARKS, "$1") : text).normalize("NFC");
}

/** Tells whether there may be so many accents. This loop is faster than the expression. */
function mayHaveMany(text: string): boolean {
  let marks = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    // Half of a surrogate pair may belong to a mark.
    marks = unit >= 0x300 && (KINDS[unit] === CharacterKind.mark || (unit & 0xF800) === 0xD800) ? marks + 1 : 0;
    if (marks > MOST_MARKS) return true;
  }
  return false;
}

/** Returns the spelling of a text or a token. */
export function normalForm(text: string): string {
  return UNUSUAL.test(text) ? composed(text.replaceAll(INVISIBLE, "")) : text;
}

/** Returns the spelling of a label: trimmed, without invisible characters that have no effect. */
export function labelForm(label: string): string {
  const trimmed = label.trim();
  if (!UNUSUAL.test(trimmed)) return trimmed;
  return composed(trimmed.replaceAll(INVISIBLE_IN_LABELS, "").replaceAll(LOOSE_ENDS, ""));
}

/**
 * Returns the function that spells texts and tokens for a model, by the version of the reading rules that is saved with
 * it; without one, the first applies. Hugging Face tokenizers normalize by themselves.
 */
export function spellingOf(
  { kind }: { readonly kind: string },
  rules: ReadingRules | undefined,
): (text: string) => string {
  return rules === 2 && kind !== "huggingface" ? normalForm : (text) => text;
}

/** Tells whether a code point is invisible. */
export function isInvisible(character: string): boolean {
  return character.search(INVISIBLE) === 0;
}
