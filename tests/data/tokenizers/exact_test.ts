import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { readFile } from "node:fs/promises";
import { createTokenizer } from "../../../lib/data/tokenizers/create_tokenizer.ts";
import { Spans, type Tokenizer } from "../../../lib/data/tokenizers/tokenizer.ts";
import {
  COMBINING_MARK,
  CONTROL,
  lowerCase,
  NONSPACING_MARK,
  NUMERIC,
  PUNCTUATION,
  unicodeForm,
  WORD,
} from "../../../lib/data/tokenizers/huggingface/unicode.ts";
import { InputError } from "../../../lib/base/errors.ts";

interface Case {
  readonly name: string;
  /** Has the number of a model in place of the model. */
  readonly tokenizer: Readonly<Record<string, unknown>> & { readonly model: number };
  /** Tokens of each text as Hugging Face's own library cuts them. */
  readonly tokens: readonly string[][];
}

const fixture = await readFile(new URL("../../fixtures/tokenizers.jsonl", import.meta.url), "utf8");
const [first, ...cases]: [{ texts: string[]; models: { vocab: unknown }[] }, ...Case[]] = JSON.parse(
  `[${fixture.trim().replaceAll("\n", ",")}]`,
);

function open(tokenizer: Readonly<Record<string, unknown>>): Tokenizer {
  return createTokenizer({ kind: "huggingface", tokenizer });
}

function cut(tokenizer: Tokenizer, text: string): (string | undefined)[] {
  const spans = new Spans();
  tokenizer.cut(text, spans);
  return spans.strings();
}

for (const { name, tokenizer, tokens } of cases) {
  Deno.test(`huggingface tokenizer cuts as Hugging Face's own library: ${name}`, () => {
    const model = first.models[tokenizer.model]!;
    const made = open({ ...tokenizer, model });
    // Tokens that a Unigram model does not know have no string here.
    const known = Array.isArray(model.vocab) ? new Set(model.vocab.map(([token]) => token)) : undefined;
    first.texts.forEach((text, index) => {
      const expected = tokens[index]!.map((token) => !known || known.has(token) ? token : undefined);
      assertEquals(cut(made, text), expected, text);
    });
  });
}

Deno.test("huggingface tokenizer replaces half of a surrogate pair with U+FFFD", () => {
  const model = { type: "WordLevel", vocab: { "\ufffd": 0 }, unk_token: "?" };
  const made = open({ model, pre_tokenizer: { type: "WhitespaceSplit" } });
  assertEquals(cut(made, "\ud83d a \ude00"), ["\ufffd", undefined, "\ufffd"]);
});

Deno.test("character classes have as many characters as in Hugging Face's own library", () => {
  const counts: [inside: string, count: number][] = [
    [PUNCTUATION, 726],
    [NUMERIC, 1924],
    [WORD, 144667],
    [COMBINING_MARK, 2097],
    [NONSPACING_MARK, 1567],
    [CONTROL, 137681],
  ];
  for (const [inside, count] of counts) {
    const pattern = new RegExp(`^[${inside}]$`, "v");
    assertEquals(codePoints().filter((char) => pattern.test(char)).toArray().length, count, inside);
  }
  assertEquals(codePoints().filter((char) => lowerCase(char) !== char).toArray().length, 1488);
  const changed = (["NFC", "NFD", "NFKC", "NFKD"] as const).map((form) =>
    codePoints().filter((char) => unicodeForm(char, form) !== char).toArray().length
  );
  assertEquals(changed, [1120, 13232, 4794, 16894]);
});

function* codePoints(): Generator<string, void, void> {
  for (let code = 0; code < 0x110000; code++) if (code < 0xd800 || code > 0xdfff) yield String.fromCodePoint(code);
}

const base = { version: "1.0", model: { type: "WordLevel", vocab: { "[UNK]": 0, a: 1 }, unk_token: "[UNK]" } };
const bpe = { type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges: ["a b"] };
const pattern = (Regex: string) => ({
  pre_tokenizer: { type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false },
});
const refusals: [what: string, parts: Readonly<Record<string, unknown>>, message: string][] = [
  ["an unknown key", { foo: 1 }, 'the tokenizer has the key "foo"'],
  ["another version", { version: "2.0" }, 'version is "2.0"'],
  ["no model", { model: null }, "model is null"],
  ["an unknown model", { model: { type: "Trie" } }, 'model.type is "Trie"'],
  ["an unknown option of a model", { model: { ...bpe, speed: 2 } }, 'model has the key "speed"'],
  ["random merges", { model: { ...bpe, dropout: 0.1 } }, "model.dropout is 0.1"],
  ["merges out of the vocabulary", { model: { ...bpe, merges: ["a c"] } }, 'model.merges holds "c"'],
  ["merges of three", { model: { ...bpe, merges: ["a b c"] } }, 'model.merges holds "a b c"'],
  ["two tokens with one id", { model: { ...bpe, vocab: { a: 0, b: 0, ab: 2 } } }, "model.vocab has two tokens"],
  ["ids that are no numbers", { model: { ...bpe, vocab: { a: "0" } } }, "model.vocab is"],
  ["WordPiece without its limit", {
    model: { type: "WordPiece", vocab: {}, unk_token: "a", continuing_subword_prefix: "##" },
  }, "model.max_input_chars_per_word is missing"],
  [
    "an unknown id past the vocabulary",
    { model: { type: "Unigram", vocab: [["a", 0]], unk_id: 1 } },
    "model.unk_id is 1",
  ],
  ["an unknown normalizer", { normalizer: { type: "Precompiled" } }, 'normalizer.type is "Precompiled"'],
  ["an unknown normalizer in a sequence", {
    normalizer: { type: "Sequence", normalizers: [{ type: "NFC" }, { type: "Upper" }] },
  }, 'normalizer.normalizers[1].type is "Upper"'],
  ["UnicodeScripts", { pre_tokenizer: { type: "UnicodeScripts" } }, 'pre_tokenizer.type is "UnicodeScripts"'],
  ["an unknown behavior", { pre_tokenizer: { type: "Punctuation", behavior: "removed" } }, 'behavior is "removed"'],
  ["an unknown option", { pre_tokenizer: { type: "Digits", individual_digits: true, of: 3 } }, 'has the key "of"'],
  ["an option that is left out", { pre_tokenizer: { type: "Digits" } }, "pre_tokenizer.individual_digits is missing"],
  ["pieces of no length", { pre_tokenizer: { type: "FixedLength", length: 0 } }, "pre_tokenizer.length is 0"],
  ["a first part after a split", {
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [{ type: "Whitespace" }, { type: "Metaspace", replacement: "▁", prepend_scheme: "first" }],
    },
  }, 'Metaspace with prepend_scheme "first" after another pre-tokenizer'],
  ["a first part after Strip", {
    normalizer: { type: "Strip", strip_left: true, strip_right: true },
    pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "first" },
  }, 'Metaspace with prepend_scheme "first" after the normalizer Strip'],
  ["an anchor", pattern("^a"), 'a pattern with "^"'],
  ["a word boundary", pattern("\\ba"), 'a pattern with "\\b"'],
  ["a pattern that matches nothing", pattern("a*"), "a pattern that can match nothing"],
  ["a code that Oniguruma does not know", pattern("\\u0041"), 'a pattern with "\\u"'],
  ["a POSIX class", pattern("[[:alpha:]]"), "the class [:…:]"],
  ["an intersection", pattern("[a-z&&b]"), '"&&" in a class'],
  ["letters that fold to one", pattern("(?i:ss)"), '"ss" in a group (?i:…)'],
  ["a property", pattern("\\p{Emoji}"), "the property"],
  ["a named group", pattern("(?<a>b)"), 'the group "(?<a'],
  ["a group that is not closed", pattern("(a"), "a group that is not closed"],
  ["a bracket that closes nothing", pattern("a)"), '")" that closes no group'],
  ["a possessive quantifier behind", pattern("(?<=a++)b"), "in a lookbehind"],
  ["padding", { padding: { strategy: { Fixed: 8 } } }, 'padding.strategy is {"Fixed":8}'],
  ["truncation of pairs", {
    truncation: { max_length: 8, stride: 0, strategy: "OnlySecond" },
  }, 'truncation.strategy is "OnlySecond"'],
  ["a template without the text", {
    post_processor: { type: "TemplateProcessing", single: [{ SpecialToken: { id: "a", type_id: 0 } }] },
  }, "post_processor.single is"],
  ["an unknown post-processor", { post_processor: { type: "Other" } }, 'post_processor.type is "Other"'],
  ["an added token that the normalizer empties", {
    normalizer: { type: "Strip", strip_left: true, strip_right: true },
    added_tokens: [
      { id: 1, content: " ", single_word: false, lstrip: false, rstrip: false, normalized: true, special: false },
    ],
  }, "added_tokens holds"],
];
for (const [what, parts, message] of refusals) {
  Deno.test(`huggingface tokenizer refuses ${what} by its name`, () => {
    open(base);
    const error = assertThrows(() => open({ ...base, ...parts }), InputError);
    assert(
      error.message.startsWith('Cannot use "tokenizer.json" as a tokenizer: ') && error.message.includes(message),
      error.message,
    );
    assert(error.message.includes("is not supported"), error.message);
  });
}

Deno.test("BPE merges like a plain search for the first merge", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 40 });
  const pairs = fc.array(fc.tuple(fc.nat(20), fc.nat(20)), { maxLength: 12 });
  fc.assert(fc.property(letters, pairs, (text, chosen) => {
    const tokens = ["a", "b", "c"];
    const merges: [string, string][] = [];
    for (const [first, second] of chosen) {
      const pair = [tokens[first % tokens.length]!, tokens[second % tokens.length]!] as [string, string];
      // A token that two pairs can form is ambiguous for a plain search.
      if (tokens.includes(pair.join(""))) continue;
      merges.push(pair);
      tokens.push(pair.join(""));
    }
    const vocab = Object.fromEntries(tokens.map((token, index) => [token, index]));
    const made = open({ ...base, model: { type: "BPE", vocab, merges } });
    assertEquals(cut(made, text), plainlyMerged([...text], merges));
  }));
});

function plainlyMerged(symbols: readonly string[], merges: readonly (readonly [string, string])[]): string[] {
  const done = [...symbols];
  for (;;) {
    const isAt = ([a, b]: readonly [string, string], at: number) => done[at] === a && done[at + 1] === b;
    const merge = merges.find((merge) => done.some((_, at) => isAt(merge, at)));
    if (!merge) return done;
    const at = done.findIndex((_, at) => isAt(merge, at));
    done.splice(at, 2, merge.join(""));
  }
}

Deno.test("Unigram finds the tokens with the greatest sum of scores", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 9 });
  const pieces = fc.uniqueArray(fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 4 }));
  fc.assert(
    fc.property(letters, pieces, fc.array(fc.nat(1000), { minLength: 40, maxLength: 40 }), (text, more, scores) => {
      const tokens = ["?", "a", "b", "c", ...more.filter((piece) => piece.length > 1)];
      const vocab = tokens.map((token, index): [string, number] => [token, -scores[index % 40]! / 64]);
      const made = open({ ...base, model: { type: "Unigram", vocab, unk_id: 0 } });
      const scoreOf = new Map(vocab);
      const best = (rest: string): number =>
        rest === "" ? 0 : Math.max(
          ...Array.from(rest, (_, index) => rest.slice(0, index + 1)).filter((piece) => scoreOf.has(piece))
            .map((piece) => scoreOf.get(piece)! + best(rest.slice(piece.length))),
        );
      const found = cut(made, text);
      assertEquals(found.join(""), text);
      // Scores are multiples of 1/64, whose sums are exact.
      assertEquals(found.reduce((sum, token) => sum + scoreOf.get(token!)!, 0), best(text));
    }),
  );
});
