/**
 * One spelling for texts that look the same: characters that nobody sees are dropped, and letters with accents are
 * composed (Unicode's NFC). Plain JavaScript when its types are gone: exported models run it in browsers.
 */

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

/** The one spelling of a text or a token. */
export function normalForm(text: string): string {
  return UNUSUAL.test(text) ? text.replaceAll(INVISIBLE, "").normalize("NFC") : text;
}

/** The one spelling of a label: as it is shown, without what means nothing. */
export function labelForm(label: string): string {
  const trimmed = label.trim();
  if (!UNUSUAL.test(trimmed)) return trimmed;
  return trimmed.replaceAll(INVISIBLE_IN_LABELS, "").replaceAll(LOOSE_ENDS, "").normalize("NFC");
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
