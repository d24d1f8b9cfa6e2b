import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { openPreprocessing } from "../../../lib/data/encode/open_preprocessing.ts";
import { createTokenizer, openTokenizer } from "../../../lib/data/tokenizers/create_tokenizer.ts";
import { Spans, type Tokenizer } from "../../../lib/data/tokenizers/tokenizer.ts";
import { InputError } from "../../../lib/base/errors.ts";
import { withFiles } from "../reading.ts";

/** Describes WordPiece over a few pieces; without `[UNK]`, some words have no id. */
function wordPiece(withUnknown: boolean) {
  const pieces = [...withUnknown ? ["[UNK]"] : [], "train", "##ing", "##s", "lock", "step", "##step", "a"];
  return {
    version: "1.0",
    added_tokens: [],
    normalizer: { type: "Lowercase" },
    pre_tokenizer: { type: "Whitespace" },
    post_processor: null,
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(pieces.map((piece, index) => [piece, index])),
    },
  };
}

function cut(tokenizer: Tokenizer, text: string): (string | undefined)[] {
  const spans = new Spans();
  tokenizer.cut(text, spans);
  return spans.strings();
}

const options = { lowercase: true, punctuation: "keep" } as const;

Deno.test("openTokenizer() reads a tokenizer.json, whose saved JSON cuts alike", async () => {
  await withFiles({ "tokenizer.json": JSON.stringify(wordPiece(true)) }, async (folder) => {
    const tokenizer = await openTokenizer({ ...options, tokenizer: `${folder}/tokenizer.json` });
    const tokens = ["train", "##ing", "lock", "##step", "[UNK]", "a"];
    assertEquals(cut(tokenizer, "Training lockstep quux a"), tokens);
    const again = createTokenizer(JSON.parse(JSON.stringify(tokenizer.json)));
    assertEquals(cut(again, "Training lockstep quux a"), tokens);
  });
});

Deno.test("openTokenizer() accepts a byte order mark, and ignores tokenizer_config.json", async () => {
  const files = { "tokenizer.json": "\ufeff" + JSON.stringify(wordPiece(true)), "tokenizer_config.json": "{ broken" };
  await withFiles(files, async (folder) => {
    const tokenizer = await openTokenizer({ ...options, tokenizer: `${folder}/tokenizer.json` });
    assertEquals(cut(tokenizer, "training"), ["train", "##ing"]);
  });
});

Deno.test("a run of the first rules still cuts as when it was trained", async () => {
  const { model, ...rest } = wordPiece(true);
  const tokenizer = { ...rest, model: { ...model, vocab: { ...model.vocab, "café": 10, "caf": 11 } } };
  const saved = {
    tokenizer: { kind: "huggingface", tokenizer },
    vocabulary: ["caf", "café"],
    maxLength: 4,
    truncate: "end",
  };
  const encoded = (json: unknown) => [...openPreprocessing(JSON.parse(JSON.stringify(json))).encode("Café").tokens];
  // The library of that time did not treat é as a letter.
  assertEquals(encoded({ ...saved, tokenizer: { ...saved.tokenizer, config: {} } }), [2, 1]);
  assertEquals(encoded({ ...saved, rules: 2 }), [3]);

  const config = { unk_token: "[UNK]" };
  const files = { "tokenizer.json": JSON.stringify(tokenizer), "tokenizer_config.json": JSON.stringify(config) };
  await withFiles(files, async (folder) => {
    const named = { ...options, tokenizer: `${folder}/tokenizer.json` };
    const before = await openTokenizer(named, 1);
    assertEquals(before.json, { kind: "huggingface", tokenizer, config });
    assertEquals(cut(before, "Café"), ["caf", "[UNK]"]);
    assertEquals((await openTokenizer(named)).json, { kind: "huggingface", tokenizer });
  });
});

Deno.test("words without an id in a Hugging Face tokenizer are tokens without a string", async () => {
  await withFiles({ "tokenizer.json": JSON.stringify(wordPiece(false)) }, async (folder) => {
    const tokenizer = await openTokenizer({ ...options, tokenizer: `${folder}/tokenizer.json` });
    assertEquals(cut(tokenizer, "a quux step"), ["a", undefined, "step"]);
  });
});

Deno.test("openTokenizer() refuses an invalid Hugging Face tokenizer, and names its path", async () => {
  const files = {
    "text.json": "no",
    "list.json": "[]",
    "vocabulary.json": '{"[UNK]": 0, "a": 1}',
    "model.json": '{"model": {"type": "x"}}',
  };
  await withFiles(files, async (folder) => {
    for (const name of Object.keys(files)) {
      await assertRejects(() => openTokenizer({ ...options, tokenizer: `${folder}/${name}` }), InputError, name);
    }
  });
  assertThrows(() => createTokenizer({ kind: "huggingface", tokenizer: {}, config: {} }), InputError, "tokenizer.json");
});
