/** Implements the pre-tokenizers of tokenizer.json, which split a text into pieces that the model cuts one by one. */
import type { Span } from "./find.ts";
import { literal } from "./normalize.ts";
import { compilePattern } from "./pattern.ts";
import type { BehaviorJson, PatternJson, PreTokenizerJson } from "./schema.ts";
import { byteLevel, NUMERIC, PUNCTUATION, WHITE_SPACE, WORD } from "./unicode.ts";

/** Splits a part of a text. `isStart` says that the part begins the text. */
type PreTokenize = (part: string, isStart: boolean) => string[];

/** Finds the matches of a pattern. */
type Find = (text: string) => Iterable<Span>;

// Each of these expressions reads a text once: it never looks further than one character past a match.
const whiteSpace = byExpression(new RegExp(`[${WHITE_SPACE}]`, "gv"));
const punctuation = byExpression(new RegExp(PUNCTUATION, "gv"));
const numeric = byExpression(new RegExp(`[${NUMERIC}]`, "gv"));
const words = byExpression(new RegExp(`[${WORD}]+|[^${WORD}${WHITE_SPACE}]+`, "gv"));
const gpt2 = byExpression(
  new RegExp(
    String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^${WHITE_SPACE}\p{L}\p{N}]+` +
      `|[${WHITE_SPACE}]+(?![^${WHITE_SPACE}])|[${WHITE_SPACE}]+`,
    "gv",
  ),
);

function byExpression(expression: RegExp): Find {
  return (text) => {
    const spans: Span[] = [];
    for (const { index, 0: { length } } of text.matchAll(expression)) spans.push([index, index + length]);
    return spans;
  };
}

function byPattern(pattern: PatternJson): Find {
  return "Regex" in pattern ? compilePattern(pattern.Regex) : byText(pattern.String);
}

function byText(text: string): Find {
  const wanted = literal(text);
  return (text) => {
    const spans: Span[] = [];
    for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
      spans.push([at, at + wanted.length]);
    }
    return spans;
  };
}

/** Applies all pre-tokenizers in order. Throws a SyntaxError for a pattern. */
export function createPreTokenize(preTokenizers: readonly PreTokenizerJson[]): PreTokenize {
  const steps = preTokenizers.map(step);
  return (part, isStart) => {
    let pieces = [part];
    // Only the first pre-tokenizer may depend on the beginning of the text: parse.ts refuses others.
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
      const delimiter = byText(json.delimiter);
      return (part) => split(part, delimiter, "Removed");
    }
    case "Split": {
      const pattern = byPattern(json.pattern);
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
      const replacement = byText(json.replacement);
      return (part, isStart) => {
        let text = part.replaceAll(" ", () => json.replacement);
        const mayPrepend = scheme === "always" || scheme === "first" && isStart;
        if (mayPrepend && !text.startsWith(json.replacement)) text = json.replacement + text;
        return json.split ? split(text, replacement, "MergedWithNext") : [text];
      };
    }
  }
}

/** A range of a text; `isMatch` says that the pattern matched it. */
type Range = [start: number, end: number, isMatch: boolean];

/** Splits at the matches of `find`; inverted, between them. */
function split(text: string, find: Find, behavior: BehaviorJson, isInverted = false): string[] {
  const ranges: Range[] = [];
  let end = 0;
  for (const [start, matched] of find(text)) {
    if (start > end) ranges.push([end, start, isInverted]);
    ranges.push([start, matched, !isInverted]);
    end = matched;
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

/** Joins adjacent ranges if `joins` returns true. `side` is the bound of the earlier range that moves. */
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
