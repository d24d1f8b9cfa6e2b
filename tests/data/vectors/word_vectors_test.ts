import { assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { InputError } from "../../../lib/base/errors.ts";
import { createTokenizer } from "../../../lib/data/tokenizers/create_tokenizer.ts";
import type { TokenizerJson } from "../../../lib/data/tokenizers/schema.ts";
import { readWordVectors } from "../../../lib/data/vectors/word_vectors.ts";
import { encodeSafetensors } from "../../../lib/model/formats/safetensors.ts";
import { withFiles } from "../reading.ts";

const words: TokenizerJson = { kind: "words", lowercase: true, punctuation: "keep" };

interface Reading {
  readonly file?: string;
  readonly tokenizer?: TokenizerJson;
  readonly wanted?: readonly string[];
  readonly mostOthers?: number;
}

async function read(
  files: Readonly<Record<string, string | Uint8Array>>,
  { file = Object.keys(files)[0]!, tokenizer = words, wanted = [], mostOthers = 100 }: Reading = {},
): Promise<Record<string, number[]>> {
  let found: Record<string, number[]> = {};
  await withFiles(files, async (folder) => {
    const { words, width, values } = await readWordVectors(`${folder}/${file}`, {
      tokenizer: createTokenizer(tokenizer),
      rules: 2,
      wanted: new Set(wanted),
      mostOthers,
    });
    found = Object.fromEntries(words.map((word, row) => [word, [...values.subarray(row * width, (row + 1) * width)]]));
  });
  return found;
}

Deno.test("readWordVectors() takes all wanted words, and the first others", async () => {
  const found = await read({ "v.txt": "b 1\nc 2\nd 3\na 4\ne 5\n" }, { wanted: ["a", "e", "no"], mostOthers: 2 });
  assertEquals(found, { b: [1], c: [2], a: [4], e: [5] });
});

Deno.test("readWordVectors() prefers a word as written, then the first of other case or form", async () => {
  const text = "Apple 1\nAPPLE 2\napple 3\napple 4\nPear 5\nPEAR 6\ncafe\u0301 7\n";
  assertEquals(await read({ "v.txt": text }), { apple: [3], pear: [5], "café": [7] });
  const cased: TokenizerJson = { ...words, lowercase: false };
  assertEquals((await read({ "v.txt": text }, { tokenizer: cased })).Apple, [1]);
});

Deno.test("readWordVectors() leaves out other words that the tokenizer never gives, and damaged ones", async () => {
  const text = new TextEncoder().encode("'s 1\nu.s. 2\n-- 3\n! 4\ndon't 5\nnew york 6\nabc 7\n");
  const damaged = text.slice();
  damaged[text.length - 6] = 0xFF; // abc
  assertEquals(await read({ "v.txt": text }), { "!": [4], "don't": [5], abc: [7] });
  assertEquals(await read({ "v.txt": damaged }), { "!": [4], "don't": [5] });
});

/** A WordPiece tokenizer.json, whose token n has the vector [n, 2 ** n]. */
const pieces = ["[UNK]", "play", "##ing", "##ed", "the", "Ġx"];
const json = {
  version: "1.0",
  added_tokens: [],
  normalizer: { type: "Lowercase" },
  pre_tokenizer: { type: "Whitespace" },
  model: {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
  },
};
const vectorsOf = (rows: number, change: Partial<{ dtype: string; value: number }> = {}) => {
  const values = Float32Array.from({ length: 2 * rows }, (_, i) => i % 2 === 0 ? i / 2 : 2 ** ((i - 1) / 2));
  if (change.value !== undefined) values[2] = change.value;
  return encodeSafetensors({ metadata: {}, tensors: [{ name: "embeddings", shape: [rows, 2], values }] });
};

Deno.test("readWordVectors() composes words of the pieces of a model's own tokenizer.json", async () => {
  const files = { "m.safetensors": vectorsOf(6), "tokenizer.json": JSON.stringify(json) };
  const found = await read(files, { wanted: ["playing", "quux", "the"] });
  assertEquals(found, { playing: [1.5, 3], the: [4, 16], play: [1, 2] });
});

Deno.test("readWordVectors() takes the rows of tokens for a run with the same tokenizer.json", async () => {
  const tokenizer: TokenizerJson = { kind: "huggingface", tokenizer: json };
  const files = { "m.safetensors": vectorsOf(6), "tokenizer.json": JSON.stringify(json) };
  const found = await read(files, { wanted: ["##ing"], tokenizer, mostOthers: 2 });
  assertEquals(found, { play: [1, 2], "##ing": [2, 4], "##ed": [3, 8] });
});

Deno.test("readWordVectors() says what is wrong with a safetensors file", async () => {
  const tokenizer = JSON.stringify(json);
  const refused = async (bytes: Uint8Array, why: string, beside = tokenizer) => {
    const files = { "m.safetensors": bytes, "tokenizer.json": beside };
    const error = await assertRejects(() => read(files, { wanted: ["play"] }), InputError);
    assertEquals(error.message.includes(why), true, error.message);
  };
  await refused(
    vectorsOf(5),
    "it has 5 rows, and tokenizer.json beside it has ids up to 5: expected a row for each token",
  );
  await refused(vectorsOf(6, { value: NaN }), 'row 1 ("play") has NaN as value 1, expected a finite number');
  await refused(vectorsOf(6).subarray(0, 50), "the header that it begins with does not fit");
  await refused(vectorsOf(6).subarray(0, -1), 'tensor "embeddings" should have 48 bytes, but the file does not');
  await refused(vectorsOf(6), "is not a JSON object", "[]");
  const text = Buffer.from(vectorsOf(6)).toString("latin1");
  const changed = (from: string, to: string) => Uint8Array.from(Buffer.from(text.replace(from, to), "latin1"));
  await refused(changed("F32", "I32"), 'tensor "embeddings" is I32, expected F32');
  await refused(changed("[6,2]", "[12,]"), "the header is not what the format says");
  await refused(changed("[6,2]", "[9,9]"), 'tensor "embeddings" should have 324 bytes');
  await refused(changed("[6,2]", "[12] "), 'expected one tensor of vectors, such as "embeddings" [words, width]');
  const two = ["a", "b"].map((name) => ({ name, shape: [1, 1], values: new Float32Array(1) }));
  await refused(encodeSafetensors({ metadata: {}, tensors: two }), 'among ["a","b"]');
  const unnamed = {
    metadata: { vocabulary: '["a"]' },
    tensors: [{ ...two[0]!, shape: [2, 1], values: new Float32Array(2) }],
  };
  await refused(encodeSafetensors(unnamed), 'its metadata "vocabulary" is not a list of 2 words');
});
