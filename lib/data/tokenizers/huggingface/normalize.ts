/** The normalizers of tokenizer.json. */
import { compilePattern } from "./pattern.ts";
import type { NormalizerJson, PatternJson } from "./schema.ts";
import {
  byteLevel,
  CHINESE,
  COMBINING_MARK,
  CONTROL,
  lowerCase,
  NMT_CONTROL,
  NMT_SPACE,
  NONSPACING_MARK,
  normalForm,
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

/** All the normalizers, one after the other. Throws a SyntaxError about a pattern. */
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
      return (text) => normalForm(text, json.type);
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
      const pattern = matcher(json.pattern);
      return (text) => text.replace(pattern, () => json.content);
    }
    case "BertNormalizer":
      return (text) => bert(text, json);
  }
}

/** A regular expression that finds what `pattern` does. Throws a SyntaxError. */
export function matcher(pattern: PatternJson): RegExp {
  if ("Regex" in pattern) return compilePattern(pattern.Regex);
  if (pattern.String === "") throw new SyntaxError("an empty string");
  return new RegExp(Array.from(pattern.String, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`).join(""), "gv");
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
  if (json.strip_accents ?? json.lowercase) text = normalForm(text, "NFD").replace(nonspacingMarks, "");
  return json.lowercase ? lowerCase(text) : text;
}
