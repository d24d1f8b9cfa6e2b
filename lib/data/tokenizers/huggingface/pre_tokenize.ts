/** The pre-tokenizers of tokenizer.json: they split a text into pieces, and the model cuts each for itself. */
import { compilePattern } from "./pattern.ts";
import { matcher } from "./normalize.ts";
import type { BehaviorJson, PreTokenizerJson } from "./schema.ts";
import { byteLevel, NUMERIC, PUNCTUATION, WHITE_SPACE, WORD } from "./unicode.ts";

/** Splits a part of a text. `isStart` says that the text begins with it. */
export type PreTokenize = (part: string, isStart: boolean) => string[];

const whiteSpace = new RegExp(`[${WHITE_SPACE}]`, "gv");
const punctuation = new RegExp(PUNCTUATION, "gv");
const numeric = new RegExp(`[${NUMERIC}]`, "gv");
const words = new RegExp(`[${WORD}]+|[^${WORD}${WHITE_SPACE}]+`, "gv");
const gpt2 = compilePattern(
  String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
);

/** All the pre-tokenizers, one after the other. Throws a SyntaxError about a pattern. */
export function createPreTokenize(preTokenizers: readonly PreTokenizerJson[]): PreTokenize {
  const steps = preTokenizers.map(step);
  return (part, isStart) => {
    let pieces = [part];
    // Only the first one sees where the text begins: schema.ts lets no other ask.
    for (const next of steps) pieces = pieces.flatMap((piece) => next(piece, isStart)).filter((piece) => piece !== "");
    return pieces;
  };
}

function step(json: PreTokenizerJson): PreTokenize {
  switch (json.type) {
    case "Whitespace":
      return (part) => split(part, words, "Removed", true);
    case "WhitespaceSplit":
      return (part) => split(part, whiteSpace, "Removed");
    case "BertPreTokenizer":
      return (part) => split(part, whiteSpace, "Removed").flatMap((piece) => split(piece, punctuation, "Isolated"));
    case "Punctuation":
      return (part) => split(part, punctuation, json.behavior);
    case "Digits":
      return (part) => split(part, numeric, json.individual_digits ? "Isolated" : "Contiguous");
    case "CharDelimiterSplit": {
      const delimiter = matcher({ String: json.delimiter });
      return (part) => split(part, delimiter, "Removed");
    }
    case "Split": {
      const pattern = matcher(json.pattern);
      return (part) => split(part, pattern, json.behavior, json.invert);
    }
    case "FixedLength":
      return (part) => {
        const chars = [...part];
        return Array.from(
          { length: Math.ceil(chars.length / json.length) },
          (_, index) => chars.slice(index * json.length, (index + 1) * json.length).join(""),
        );
      };
    case "ByteLevel":
      return (part) => {
        const text = json.add_prefix_space && !part.startsWith(" ") ? ` ${part}` : part;
        return (json.use_regex ? split(text, gpt2, "Isolated") : [text]).map(byteLevel);
      };
    case "Metaspace": {
      const scheme = json.add_prefix_space === false ? "never" : json.prepend_scheme;
      const replacement = matcher({ String: json.replacement });
      return (part, isStart) => {
        let text = part.replaceAll(" ", () => json.replacement);
        const mayPrepend = scheme === "always" || scheme === "first" && isStart;
        if (mayPrepend && !text.startsWith(json.replacement)) text = json.replacement + text;
        return json.split ? split(text, replacement, "MergedWithNext") : [text];
      };
    }
  }
}

/** A range of a text, and whether the pattern matched it. */
type Range = [start: number, end: number, isMatch: boolean];

/** Splits at the matches of `pattern`, or at what lies between them where it is inverted. */
function split(text: string, pattern: RegExp, behavior: BehaviorJson, isInverted = false): string[] {
  const ranges: Range[] = [];
  let end = 0;
  for (const { index, 0: { length } } of text.matchAll(pattern)) {
    if (index > end) ranges.push([end, index, isInverted]);
    ranges.push([index, index + length, !isInverted]);
    end = index + length;
  }
  if (end < text.length) ranges.push([end, text.length, isInverted]);
  return behave(ranges, behavior).map(([start, end]) => text.slice(start, end));
}

function behave(ranges: readonly Range[], behavior: BehaviorJson): readonly Range[] {
  switch (behavior) {
    case "Isolated":
      return ranges;
    case "Removed":
      return ranges.filter(([, , isMatch]) => !isMatch);
    case "Contiguous":
      return joined(ranges, (isMatch, wasMatch) => isMatch === wasMatch, 1);
    case "MergedWithPrevious":
      return joined(ranges, (isMatch, wasMatch) => isMatch && !wasMatch, 1);
    case "MergedWithNext":
      return joined(ranges.toReversed(), (isMatch, wasMatch) => isMatch && !wasMatch, 0).reverse();
  }
}

/** Joins a range to the one before it where `joins` says so. `side` is the bound of the earlier range that moves. */
function joined(
  ranges: readonly Range[],
  joins: (isMatch: boolean, wasMatch: boolean) => boolean,
  side: 0 | 1,
): Range[] {
  const done: Range[] = [];
  let wasMatch = false;
  for (const range of ranges) {
    const last = done.at(-1);
    if (last && joins(range[2], wasMatch)) last[side] = range[side];
    else done.push([...range]);
    wasMatch = range[2];
  }
  return done;
}
