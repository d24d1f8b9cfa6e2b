import { assert, assertEquals } from "@std/assert";
import { createTextEncoder } from "../../lib/data/encode/text_encoder.ts";
import { exactTokenizer } from "../../lib/data/tokenizers/exact_tokenizer.ts";
import type { TokenizerJson } from "../../lib/data/tokenizers/schema.ts";
import { Vocabulary } from "../../lib/data/vocabulary/vocabulary.ts";
import { placesOf } from "../../lib/standalone/places.ts";

const WORDS: TokenizerJson = { kind: "words", lowercase: true, punctuation: "drop" };

/** Returns the parts of `text` at the places of its tokens. */
function found(text: string, tokenizer = WORDS, maxLength = 100, truncate: "end" | "start" = "end") {
  const encode = createTextEncoder(exactTokenizer(tokenizer), new Vocabulary([]), { maxLength, truncate, rules: 2 });
  const tokens: (string | undefined)[] = [];
  encode(text, tokens);
  return placesOf(text, tokens, truncate === "start").map((place) => place && text.slice(place.start, place.end));
}

Deno.test("placesOf() finds tokens that are spelled differently in the text", () => {
  assertEquals(found("It's  HA-ha!\n(ho)"), ["It's", "HA", "ha", "ho"]);
  assertEquals(found("he\u0301 h\u00ADa h\u200Bo \u200Eha\u200F"), ["he\u0301", "h\u00ADa", "h\u200Bo", "ha\u200F"]);
  assertEquals(found("ΣΑΣ İstanbul ΟΔΟΣ x"), ["ΣΑΣ", "İstanbul", "ΟΔΟΣ", "x"]);
  assertEquals(found("한글 \u1112\u1161\u11AB\u1100\u1173\u11AF 你好"), [
    "한글",
    "\u1112\u1161\u11AB\u1100\u1173\u11AF",
    "你",
    "好",
  ]);
  assertEquals(found(" A \t b", { kind: "chars", lowercase: true }), ["A", " ", "b"]);
  assertEquals(found("login add_to_cart ##x", { kind: "codes" }), ["login", "add_to_cart", "##x"]);
  assertEquals(found(""), [undefined]);
});

Deno.test("placesOf() finds the last tokens where a model reads those", () => {
  assertEquals(found("ha ho ha ho he", WORDS, 3, "start"), ["ha", "ho", "he"]);
  const text = "ha ho ha ho he";
  assertEquals(placesOf(text, ["ha", "ho", "he"], true).map((place) => place?.start), [6, 9, 12]);
  assertEquals(placesOf(text, ["ha", "ho", "ha"], false).map((place) => place?.start), [0, 3, 6]);
});

Deno.test("placesOf() reads the marks of Hugging Face's tokenizers, and skips what it does not find", () => {
  assertEquals(placesOf("Unhappiness here", ["un", "##happi", "##ness", "here"], false).map((one) => one?.end), [
    2,
    7,
    11,
    16,
  ]);
  assertEquals(placesOf("Hello world", ["Hello", "Ġworld"], false).map((one) => one?.start), [0, 6]);
  assertEquals(placesOf("café now", ["cafÃ", "Ġnow", undefined], false), [undefined, { start: 5, end: 8 }, undefined]);
});

Deno.test("placesOf() takes few steps for long texts without the tokens", () => {
  const places = placesOf("word ".repeat(200_000), Array.from({ length: 60_000 }, () => "absent"), false);
  assert(places.every((place) => place === undefined));
});
