import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createTextEncoder } from "../../../lib/data/encode/text_encoder.ts";
import { plainTokenizer } from "../../../lib/data/tokenizers/plain_tokenizers.ts";
import type { PlainTokenizerJson } from "../../../lib/data/tokenizers/schema.ts";
import { Spans, type Tokenizer } from "../../../lib/data/tokenizers/tokenizer.ts";
import { Vocabulary } from "../../../lib/data/vocabulary/vocabulary.ts";

const KINDS: readonly PlainTokenizerJson[] = [
  { kind: "words", lowercase: true, punctuation: "keep" },
  { kind: "words", lowercase: false, punctuation: "drop" },
  { kind: "chars", lowercase: true },
  { kind: "codes" },
];

const text = fc.array(
  fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 6 }),
    fc.constantFrom(
      " ",
      "  ",
      "\n",
      "\u3000",
      "\u0301",
      "\u200d",
      "\u00ad",
      "Σ",
      "ΑΣ.",
      "don't",
      "你好",
      "𐐀",
      "\ud800",
      "x".repeat(40),
    ),
  ),
  { minLength: 8, maxLength: 60 },
).map((parts) => parts.join(""));

Deno.test("createTextEncoder() encodes a long text as if it cut all of it", () => {
  for (const kind of KINDS) {
    const tokenizer = plainTokenizer(kind);
    const spans = new Spans();
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 5 }), fc.constantFrom("end", "start"), (text, most, side) => {
        tokenizer.cut(text, spans);
        const all = spans.strings().map(String);
        const kept = side === "end" ? all.slice(0, most) : all.slice(-most);
        const known = [...new Set(all)];
        const { tokens, truncated } = createTextEncoder(tokenizer, new Vocabulary(known), {
          maxLength: most,
          truncate: side as "end" | "start",
        })(text);
        assertEquals(truncated, all.length > most);
        assertEquals([...tokens], kept.length === 0 ? [1] : kept.map((token) => known.indexOf(token) + 2));
      }),
      { numRuns: 1500, seed: 7 },
    );
  }
});

Deno.test("createTextEncoder() cuts only a few hundred characters of a megabyte", () => {
  const long = "please refund me ".repeat(60_000);
  for (const truncate of ["end", "start"] as const) {
    let looked = 0;
    const plain = plainTokenizer(KINDS[0]!);
    const tokenizer: Tokenizer = {
      json: plain.json,
      cut: (text, spans) => (looked += text.length, plain.cut(text, spans)),
    };
    const encode = createTextEncoder(tokenizer, new Vocabulary(["refund"]), { maxLength: 8, truncate });
    assertEquals([encode(long).truncated, looked < 1000], [true, true]);
  }
});
