import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { createTokenizer, openTokenizer } from "../../../lib/data/tokenizers/create_tokenizer.ts";
import type { TokenizerJson } from "../../../lib/data/tokenizers/schema.ts";
import { Spans, spansOf } from "../../../lib/data/tokenizers/tokenizer.ts";
import { InputError } from "../../../lib/base/errors.ts";
import { anyCharacter } from "../any_character.ts";

function cut(json: TokenizerJson, text: string): (string | undefined)[] {
  const spans = new Spans();
  createTokenizer(json).cut(text, spans);
  return spans.strings();
}

const words: TokenizerJson = { kind: "words", lowercase: true, punctuation: "keep" };
const cases: [what: string, json: TokenizerJson, text: string, tokens: string[]][] = [
  ["words and punctuation", words, "Free entry, call 09061!!", ["free", "entry", ",", "call", "09061", "!", "!"]],
  ["case", { ...words, lowercase: false }, "Free Entry", ["Free", "Entry"]],
  ["no punctuation", { ...words, punctuation: "drop" }, "Free - entry, £5!", ["free", "entry", "5"]],
  ["apostrophes within words", words, "don't 'quote' l’été rock '", [
    ...["don't", "'", "quote", "'", "l’été", "rock", "'"],
  ]],
  ["accents, composed or not", words, "Crème cre\u0300me", ["crème", "cre\u0300me"]],
  ["other scripts", words, "Привет, κόσμε! हिन्दी", ["привет", ",", "κόσμε", "!", "हिन्दी"]],
  ["scripts without spaces", words, "我爱 Lockstep。カタ", ["我", "爱", "lockstep", "。", "カ", "タ"]],
  ["ideographs past U+FFFF", words, "𠀀a𠀁", ["𠀀", "a", "𠀁"]],
  ["letters past U+FFFF", words, "𝐀𝐁 x", ["𝐀𝐁", "x"]],
  ["emoji", words, "ok👍👍", ["ok", "👍", "👍"]],
  ["all kinds of white space", words, " a\u00A0b\u3000c\u200Bd\uFEFFe\n", ["a", "b", "c", "d", "e"]],
  ["half of a surrogate pair", words, "a \uD83D b", ["a", "\uD83D", "b"]],
  ["nothing", words, "", []],
  ["only white space", words, " \t\n", []],
  ["characters", { kind: "chars", lowercase: true }, " Ab  c\n", ["a", "b", " ", "c"]],
  ["characters with accents", { kind: "chars", lowercase: false }, "Ae\u0301👍", ["A", "e\u0301", "👍"]],
  ["codes", { kind: "codes" }, "login  add_to-cart,1\tLogin", ["login", "add_to-cart,1", "Login"]],
];
for (const [what, json, text, tokens] of cases) {
  Deno.test(`${json.kind} tokenizer cuts ${what}`, () => assertEquals(cut(json, text), tokens));
}

const any = fc.string({ unit: anyCharacter, maxLength: 60 });

Deno.test("words tokenizer keeps all characters but white space and lone accents, in order", () => {
  fc.assert(
    fc.property(any, (text) => {
      const tokens = cut({ kind: "words", lowercase: false, punctuation: "keep" }, text) as string[];
      const bare = (value: string) => value.replaceAll(/[\p{White_Space}\p{Cc}\uFEFF\u200B\p{M}\u200D]/gu, "");
      assertEquals(bare(tokens.join("")), bare(text));
      for (const token of tokens) assert(token !== "");
    }),
    { numRuns: 2000 },
  );
});

Deno.test("words tokenizer cuts Latin letters like a plain regular expression", () => {
  const latin = fc.string({ unit: fc.constantFrom(..."aZé9_ .,!-'\n"), maxLength: 40 });
  fc.assert(
    fc.property(latin, (text) => {
      const plain = text.toLowerCase().match(/[\p{L}\p{N}_]+(?:'[\p{L}\p{N}_]+)*|[^\s\p{L}\p{N}_]/gu) ?? [];
      assertEquals(cut(words, text), [...plain]);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("chars tokenizer's tokens joined are the text with single spaces", () => {
  fc.assert(fc.property(any, (text) => {
    assertEquals(cut({ kind: "chars", lowercase: false }, text).join(""), text.replaceAll(/\s+/g, " ").trim());
  }));
});

Deno.test("codes tokenizer cuts like split()", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom("a", "-", "é", "1") }), { maxLength: 20 }), (codes) => {
      const wanted = codes.filter((code) => code !== "");
      assertEquals(cut({ kind: "codes" }, codes.join(" \t")), wanted);
    }),
  );
});

Deno.test("spansOf() writes any list of tokens, also thousands and empty ones", () => {
  fc.assert(fc.property(fc.array(any, { maxLength: 30 }), (tokens) => {
    const spans = new Spans();
    spansOf(tokens, spans);
    assertEquals(spans.strings(), tokens);
  }));
  const many = Array.from({ length: 5000 }, (_, index) => `token ${index}`);
  const spans = new Spans();
  spansOf(many, spans);
  assertEquals(spans.strings(), many);
});

Deno.test("openTokenizer() refuses an unknown name, and suggests the nearest one", async () => {
  const options = { lowercase: true, punctuation: "keep" } as const;
  await assertRejects(() => openTokenizer({ ...options, tokenizer: "word" }), InputError, "did you mean words?");
  await assertRejects(() => openTokenizer({ ...options, tokenizer: "bert" }), InputError, "path of a tokenizer.json");
  await assertRejects(
    () => openTokenizer({ ...options, tokenizer: "./none.json" }),
    InputError,
    'Cannot use "./none.json" as a tokenizer',
  );
});
