import { assertEquals, assertRejects } from "@std/assert";
import { gzipSync } from "node:zlib";
import { InputError } from "../../../lib/base/errors.ts";
import { readTextVectors } from "../../../lib/data/vectors/text_vectors.ts";
import { withFiles } from "../reading.ts";

/** Reads a file with this content, and returns its words with their vectors. */
async function read(content: string | Uint8Array): Promise<[word: string, vector: number[]][]> {
  const words: [string, number[]][] = [];
  await withFiles({ "words.txt": content }, async (folder) => {
    await readTextVectors(`${folder}/words.txt`, () => (word, vector) => words.push([word, [...vector()]]));
  });
  return words;
}

async function refusal(content: string | Uint8Array): Promise<string> {
  const error = await assertRejects(() => read(content), InputError);
  return error.message.replace(/"[^"]*words\.txt"/, '"words.txt"');
}

const expected: [string, number[]][] = [["the", [1, -0.5]], ["café", [0.25, 3]]];

Deno.test("readTextVectors() reads word2vec and GloVe, any line ends, a mark, blank lines and gzip", async () => {
  for (
    const text of [
      "the 1 -0.5\ncafé 0.25 3\n",
      "2 2\nthe 1 -0.5 \ncafé 0.25 3 \n",
      "\ufeff2 2\r\nthe 1 -.5\r\n\r\ncafé 25e-2 3.0",
      "the\t1\t-0.5\ncafé  0.25   3\n\n",
    ]
  ) {
    assertEquals(await read(text), expected, JSON.stringify(text));
    assertEquals(await read(gzipSync(text)), expected, JSON.stringify(text));
  }
});

Deno.test("readTextVectors() reads the same however the bytes are cut into chunks", async () => {
  const line = (word: number) => `w${word} ${word} ${word / 8}\n`;
  const many = Array.from({ length: 120_000 }, (_, word) => line(word)).join("");
  const words = await read(many);
  assertEquals(words.length, 120_000);
  assertEquals(words.every(([word, [a, b]], index) => word === `w${index}` && a === index && b === index / 8), true);
});

Deno.test("readTextVectors() takes blanks before the last values as part of the word", async () => {
  assertEquals(await read("a 1 2\n. . . 3 4\nat name@example.org 5 6\n"), [
    ["a", [1, 2]],
    [". . .", [3, 4]],
    ["at name@example.org", [5, 6]],
  ]);
});

Deno.test("readTextVectors() names line, value and expectation of a wrong line", async () => {
  const say = (why: string) => `Cannot use "words.txt" as vectors: ${why}`;
  const cases: [content: string, why: string][] = [
    ["", "it has no words"],
    ["5 3\n", "it has no words"],
    ["a 1 2\nb 1\n", "line 2 has 1 value, expected 2, as line 1 has"],
    ["a 1 2\nb 1 2 3\n", "line 2 has 3 values, expected 2, as line 1 has"],
    ["2 2\na 1 2\nb 1 2 3\n", "line 3 has 3 values, expected 2, as line 1 says"],
    ["a 1 nan\n", 'line 1 has "nan" as value 2, expected a finite number'],
    ["a 1 2\nb inf 2\n", 'line 2 has "inf" as value 1, expected a finite number'],
    ["a 1 2\nb 1e39 2\n", 'line 2 has "1e39" as value 1, expected a finite number'],
    ["a 1 2\nb 1 two\n", 'line 2 has "two" as value 2, expected a finite number'],
    ["a 1 2\n 1 2\n", "line 2 begins with a blank, expected a word"],
    ["3 2\na 1 2\nb 1 2\n", "it has 2 words, expected 3, as line 1 says. Is it cut off?"],
    ["1 2\na 1 2\nb 1 2\n", "line 3 is one more word than the 1 that line 1 says"],
    ["1 0\na\n", "line 1 gives vectors of 0 values, expected 1 to 2048"],
    ["hello\n", "line 1 gives vectors of 0 values, expected 1 to 2048"],
    [`a${" 1".repeat(2049)}\n`, "line 1 gives vectors of 2,049 values, expected 1 to 2048"],
  ];
  for (const [content, why] of cases) assertEquals(await refusal(content), say(why));
});

Deno.test("readTextVectors() refuses a line without an end before it is read whole", async () => {
  const message = /line 2 has more than 65536 bytes, expected a word and its values/;
  for (const endless of ["x".repeat(3 << 20), " 1".repeat(1 << 20), `b${"1".repeat(70_000)} 1\nc 1`]) {
    assertEquals(message.test(await refusal(`a 1\n${endless}`)), true);
  }
  // It unpacks to 64 MiB from 64 KiB.
  assertEquals(message.test(await refusal(gzipSync(`a 1\n${"x".repeat(1 << 26)}`))), true);
});

Deno.test("readTextVectors() refuses what is no text, with advice", async () => {
  assertEquals(
    (await refusal("PK\x03\x04 glove")).includes(
      "a ZIP archive (or a spreadsheet), expected lines of a word and its values",
    ),
    true,
  );
  assertEquals((await refusal(gzipSync("a 1\n".repeat(1000)).subarray(0, 40))).includes("decompressed as gzip"), true);
});
