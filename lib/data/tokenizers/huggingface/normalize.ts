/** Implements the normalizers of tokenizer.json. */
import type { Span } from "./find.ts";
import { compilePattern } from "./pattern.ts";
import type { NormalizerJson } from "./schema.ts";
import {
  byteLevel,
  CHINESE,
  COMBINING_MARK,
  CONTROL,
  lowerCase,
  NMT_CONTROL,
  NMT_SPACE,
  NONSPACING_MARK,
  unicodeForm,
  WHITE_SPACE,
} from "./unicode.ts";

export type Normalize = (text: string) => string;

const combiningMarks = new RegExp(COMBINING_MARK, "gv");
const nonspacingMarks = new RegExp(NONSPACING_MARK, "gv");
const controls = new RegExp(CONTROL, "gv");
const whiteSpace = new RegExp(`[${WHITE_SPACE}]`, "gv");
const leftSpace = new RegExp(`^[${WHITE_SPACE}]+`, "v");
const chinese = new RegExp(`[${CHINESE}]`, "gv");
const nmtControls = new RegExp(`[${NMT_CONTROL}]`, "gv");
const nmtSpaces = new RegExp(`[${NMT_SPACE}]`, "gv");

/** Applies all normalizers in order. Throws a SyntaxError for a pattern. */
export function createNormalize(normalizers: readonly NormalizerJson[]): Normalize {
  const steps = normalizers.map(step);
  return (text) => steps.reduce((done, next) => next(done), text);
}

function step(json: NormalizerJson): Normalize {
  switch (json.type) {
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD":
      return (text) => unicodeForm(text, json.type);
    case "Lowercase":
      return lowerCase;
    case "StripAccents":
      return (text) => text.replace(combiningMarks, "");
    case "Strip":
      return (text) => strip(text, json.strip_left, json.strip_right);
    case "Nmt":
      return (text) => text.replace(nmtControls, "").replace(nmtSpaces, " ");
    case "Prepend":
      return (text) => text === "" ? text : json.prepend + text;
    case "ByteLevel":
      return byteLevel;
    case "Replace": {
      const { pattern, content } = json;
      if ("String" in pattern) {
        const wanted = literal(pattern.String);
        return (text) => text.replaceAll(wanted, () => content);
      }
      const find = compilePattern(pattern.Regex);
      return (text) => replaced(text, find(text), content);
    }
    case "BertNormalizer":
      return (text) => bert(text, json);
  }
}

/** Longest string that is searched for, because it is compared at every position. */
const LONGEST_LITERAL = 1000;

/** Returns a string that can be searched for. Throws a SyntaxError for others. */
export function literal(text: string): string {
  if (text === "") throw new SyntaxError("an empty string");
  if (!text.isWellFormed()) throw new SyntaxError("half of a character");
  if (text.length > LONGEST_LITERAL) throw new SyntaxError(`a string of more than ${LONGEST_LITERAL} characters`);
  return text;
}

function replaced(text: string, spans: readonly Span[], content: string): string {
  const parts: string[] = [];
  let done = 0;
  for (const [start, end] of spans) {
    parts.push(text.slice(done, start), content);
    done = end;
  }
  return parts.join("") + text.slice(done);
}

function strip(text: string, left: boolean, right: boolean): string {
  if (left) text = text.replace(leftSpace, "");
  if (!right) return text;
  let end = text.length;
  while (end > 0 && /\p{White_Space}/u.test(text[end - 1]!)) end--;
  return text.slice(0, end);
}

function bert(text: string, json: Extract<NormalizerJson, { readonly type: "BertNormalizer" }>): string {
  if (json.clean_text) text = text.replace(controls, "").replace(whiteSpace, " ");
  if (json.handle_chinese_chars) text = text.replace(chinese, " $& ");
  if (json.strip_accents ?? json.lowercase) text = unicodeForm(text, "NFD").replace(nonspacingMarks, "");
  return json.lowercase ? lowerCase(text) : text;
}
