/**
 * Builds `characters.json` of an exported model: the kind of each code point by this runtime's Unicode. Python then splits
 * texts as this project does, although its own tables differ.
 */
import { CharacterKind, kindOf } from "../../../base/characters.ts";
import { isInvisible } from "../../../base/normal_form.ts";
import { isSingleToken } from "../../../data/tokenizers/plain_tokenizers.ts";

type Name = "space" | "word" | "mark" | "joiner" | "single";
type Range = [first: number, last: number];

interface CharacterTable {
  /** Ranges of code points, `[first, last]`; code points in no range are punctuation. `single`: each is a token. */
  readonly kinds: Readonly<Record<Name, readonly Readonly<Range>[]>>;
  /** Characters that are not shown: they are dropped first. */
  readonly invisible: readonly Readonly<Range>[];
  /** The lower case of each letter, by its code point. */
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
  const kinds: Record<Name, Range[]> = { space: [], word: [], mark: [], joiner: [], single: [] };
  const invisible: Range[] = [];
  const lower: Record<number, string> = {};
  for (let codePoint = 0; codePoint <= 0x10FFFF; codePoint++) {
    const character = String.fromCodePoint(codePoint);
    const lowered = character.toLowerCase();
    if (lowered !== character) lower[codePoint] = lowered;
    const name = isSingleToken(codePoint) ? "single" : NAME_OF[kindOf(character)];
    if (name) extend(kinds[name], codePoint);
    if (isInvisible(character)) extend(invisible, codePoint);
  }
  return { kinds, invisible, lower };
}

/** Adds `codePoint` to ranges that end before it. */
function extend(ranges: Range[], codePoint: number): void {
  const last = ranges.at(-1);
  if (last?.[1] === codePoint - 1) last[1] = codePoint;
  else ranges.push([codePoint, codePoint]);
}
