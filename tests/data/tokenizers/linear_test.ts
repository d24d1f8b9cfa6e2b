import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createNormalize } from "../../../lib/data/tokenizers/huggingface/normalize.ts";
import { createPreTokenize } from "../../../lib/data/tokenizers/huggingface/pre_tokenize.ts";
import { parseTokenizer } from "../../../lib/data/tokenizers/huggingface/parse.ts";
import { unicodeForm } from "../../../lib/data/tokenizers/huggingface/unicode.ts";

const base = { version: "1.0", model: { type: "WordLevel", vocab: { "[UNK]": 0 }, unk_token: "[UNK]" } };
const FORMS = ["NFC", "NFD", "NFKC", "NFKD"] as const;

Deno.test("unicodeForm() normalizes long runs of marks in any order as Unicode does", () => {
  // These have many classes or none, decompositions of two characters, and code points past U+FFFF.
  const marks =
    "\u0301\u0316\u0327\u0334\u0345\u0344\u034f\u0591\u05b0\u064b\u0670\u093c\u094d\u0e38\u0f71\u0f73\u20d0" +
    "\u302a\u3099\u0341\u{1d165}\u{1d16d}\u{1e944}";
  const unit = fc.constantFrom(..."aé각ᄀ", ...marks, ...marks);
  fc.assert(
    fc.property(fc.string({ unit, minLength: 30, maxLength: 400 }), fc.string({ unit: fc.constantFrom(...marks) }), (
      text,
      run,
    ) => {
      for (const form of FORMS) {
        const long = `${text}a${run.repeat(5)}é${run}`;
        assertEquals(unicodeForm(long, form), long.normalize(form));
      }
    }),
    { numRuns: 200 },
  );
});

const MANY = 1_000_000;
const repeated = (unit: string) => unit.repeat(MANY / unit.length);

// A naive implementation would take MANY² steps for each.
for (const type of FORMS) {
  Deno.test(`the normalizer ${type} takes linear time for a letter with very many marks`, () => {
    const normalize = createNormalize(parseTokenizer({ ...base, normalizer: { type } }).normalizers);
    const half = MANY / 2;
    const [above, below] = ["\u0301".repeat(half), "\u0316".repeat(half)];
    const decomposed = `a${below}${above}`;
    const expected = type === "NFC" || type === "NFKC" ? `á${below}${above.slice(1)}` : decomposed;
    for (const text of [`a${"\u0301\u0316".repeat(half)}`, `a${above}${below}`]) {
      assertEquals(normalize(text) === expected, true);
    }
  });
}

const preTokenizers: Readonly<Record<string, unknown>>[] = [
  { type: "Whitespace" },
  { type: "WhitespaceSplit" },
  { type: "BertPreTokenizer" },
  { type: "Punctuation" },
  { type: "Digits", individual_digits: false },
  { type: "CharDelimiterSplit", delimiter: "-" },
  { type: "Split", pattern: { String: "ab" }, behavior: "MergedWithNext", invert: true },
  { type: "Split", pattern: { Regex: "(\\s|a)+b|\\S" }, behavior: "Contiguous", invert: false },
  { type: "ByteLevel", add_prefix_space: true, trim_offsets: true },
  { type: "Metaspace", replacement: "▁" },
];
for (const pre_tokenizer of preTokenizers) {
  Deno.test(`the pre-tokenizer ${pre_tokenizer.type} takes linear time for a long text`, () => {
    const preTokenize = createPreTokenize(parseTokenizer({ ...base, pre_tokenizer }).preTokenizers);
    const letters = (text: string) => text.replaceAll(/[^ab1!-]/g, "");
    for (const text of [`${repeated(" ")}a`, `a${repeated("a1")}`, `a${repeated("a-")}`]) {
      const kept = pre_tokenizer.type === "CharDelimiterSplit" ? text.replaceAll("-", "") : text;
      assertEquals(letters(preTokenize(text, true).join("")) === letters(kept), true);
    }
  });
}

Deno.test("the normalizers Strip, Replace, Lowercase and BertNormalizer take linear time", () => {
  const run = (normalizer: unknown, text: string) =>
    createNormalize(parseTokenizer({ ...base, normalizer }).normalizers)(text);
  const spaces = repeated(" ");
  assertEquals(run({ type: "Strip", strip_left: true, strip_right: true }, `${spaces}a${spaces}`), "a");
  assertEquals(
    run({ type: "Replace", pattern: { Regex: "\\s+b|(a+)+b" }, content: "" }, `${spaces}a`).length,
    MANY + 1,
  );
  assertEquals(run({ type: "Replace", pattern: { String: "ab" }, content: "" }, repeated("ab")), "");
  assertEquals(run({ type: "Lowercase" }, repeated("\u03a3")) === repeated("\u03c3"), true);
  const bert = { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, lowercase: true };
  assertEquals(run(bert, `É${"\u0301\u0316".repeat(MANY / 2)}`), "e");
});
