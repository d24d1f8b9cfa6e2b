/**
 * `characters.json` of an exported model: what this runtime's Unicode says of each code point, so that Python cuts texts
 * as they are cut here, whatever its own tables say.
 */
import { CharacterKind, kindOf } from "../../data/tokenizers/characters.ts";
import { standsAlone } from "../../data/tokenizers/words.ts";

type Name = "space" | "word" | "mark" | "joiner" | "alone";
type Range = [first: number, last: number];

export interface CharacterTable {
  /** Ranges of code points, `[first, last]`; in none is what is punctuation to the tokenizers. `alone`: a token each. */
  readonly kinds: Readonly<Record<Name, readonly Readonly<Range>[]>>;
  /** Letters by code point, and what they are in lower case. */
  readonly lower: Readonly<Record<number, string>>;
}

const NAME_OF: Readonly<Record<CharacterKind, Name | undefined>> = {
  [CharacterKind.space]: "space",
  [CharacterKind.word]: "word",
  [CharacterKind.mark]: "mark",
  [CharacterKind.joiner]: "joiner",
  [CharacterKind.other]: undefined,
};

export function characterTable(): CharacterTable {
  const kinds: Record<Name, Range[]> = { space: [], word: [], mark: [], joiner: [], alone: [] };
  const lower: Record<number, string> = {};
  for (let codePoint = 0; codePoint <= 0x10FFFF; codePoint++) {
    const character = String.fromCodePoint(codePoint);
    const lowered = character.toLowerCase();
    if (lowered !== character) lower[codePoint] = lowered;
    const name = standsAlone(codePoint) ? "alone" : NAME_OF[kindOf(character)];
    if (!name) continue;
    const last = kinds[name].at(-1);
    if (last && last[1] === codePoint - 1) last[1] = codePoint;
    else kinds[name].push([codePoint, codePoint]);
  }
  return { kinds, lower };
}
