/** Classifies characters for the tokenizers by Unicode's tables, which are looked up once. */

export const CharacterKind = { space: 0, word: 1, mark: 2, joiner: 3, other: 4 } as const;
export type CharacterKind = typeof CharacterKind[keyof typeof CharacterKind];

const WORD = /^[\p{L}\p{N}_]$/u;
/** Matches accents and similar marks, which belong to the character before them. */
const MARK = /^[\p{M}\u200D]$/u;
const SPACE = /^[\p{White_Space}\p{Cc}\uFEFF\u200B]$/u;
/** Matches apostrophes, which between two letters are part of the word: don't, l’été. */
const JOINER = /^['’]$/;

/** Returns the kind of a character, which is one code point. */
export function kindOf(character: string): CharacterKind {
  if (WORD.test(character)) return CharacterKind.word;
  if (MARK.test(character)) return CharacterKind.mark;
  if (SPACE.test(character)) return CharacterKind.space;
  return JOINER.test(character) ? CharacterKind.joiner : CharacterKind.other;
}

/** The kind of each UTF-16 unit as a character by itself. */
export const KINDS: Uint8Array = Uint8Array.from({ length: 0x10000 }, (_, unit) => kindOf(String.fromCharCode(unit)));

const rare = new Map<number, CharacterKind>();

/** Returns the kind of a code point past U+FFFF. */
export function rareKind(codePoint: number): CharacterKind {
  let kind = rare.get(codePoint);
  if (kind === undefined) rare.set(codePoint, kind = kindOf(String.fromCodePoint(codePoint)));
  return kind;
}

/** Tells whether a UTF-16 unit is the first half of a code point past U+FFFF. */
export function isHighSurrogate(unit: number): boolean {
  return (unit & 0xFC00) === 0xD800;
}
