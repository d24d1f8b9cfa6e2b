import { assertEquals, assertStringIncludes } from "@std/assert";
import { readBrief, type Some } from "../reading.ts";

const jsonl: [what: string, line: string, entry: readonly unknown[], some?: Some][] = [
  ["a text", '{"text": "a\\nb", "label": "x"}', [1, "x", "a\nb"]],
  ["a number and a Boolean as labels", '{"text": "a", "label": 3}\n{"text": "b", "label": true}', [1, "3", "a"]],
  ["tokens", '{"tokens": [21, 6, "b"], "label": "even"}', [1, "even", ["21", "6", "b"]]],
  ["tokens under the text's key", '{"codes": ["a", "b"], "label": "x"}', [1, "x", ["a", "b"]], { textColumn: "codes" }],
  ["no tokens", '{"tokens": [], "label": "x"}', [1, "x", []]],
  ["other keys", '{"t": "a", "y": " x "}', [1, "x", "a"], { textColumn: "t", labelColumn: "y" }],
  ["a missing key", '{"txt": "a", "label": "x"}', [1, 'has no "text", only "txt", "label": did you mean "txt"?']],
  ["a key of every object", '{"label": "x"}', [1, 'has no "toString", only "label"'], { textColumn: "toString" }],
  ["null", '{"text": "a", "label": null}', [1, 'has null for "label"']],
  ["an object as label", '{"text": "a", "label": {}}', [
    1,
    'has {} for "label", expected a string, a number, true or false',
  ]],
  ["a list in tokens", '{"tokens": ["a", []], "label": "x"}', [1, "has [] as token 1, expected a string or a number"]],
  ["an empty label", '{"text": "a", "label": " "}', [1, "has an empty label"]],
  ["a list", '{"text": "a", "label": "x"}\n[1]', [2, 'is [1], expected an object with "text" and "label"']],
  ["a NUL character", '{"text": "a\\u0000", "label": "x"}', [1, "holds a NUL character, expected text"]],
];
for (const [what, line, entry, some] of jsonl) {
  Deno.test(`readRows() of JSON lines reads ${what}`, async () => {
    const entries = await readBrief(line, { format: "jsonl", ...some });
    assertEquals(entries.find(([number]) => number === entry[0]), entry);
  });
}

Deno.test("readRows() of JSON lines names the line that is not JSON", async () => {
  const [first, second, third] = await readBrief(
    '\n{"text": "a", "label": "x"}\r\n{"text": \n{"text": "b", "label": 1}',
  );
  assertEquals([first, third], [[2, "x", "a"], [4, "1", "b"]]);
  assertEquals(second![0], 3);
  assertStringIncludes(String(second![1]), "is not JSON");
});

const fastText: [what: string, line: string, entry: readonly unknown[]][] = [
  ["a row", "__label__ham see you later", [1, "ham", "see you later"]],
  ["a row between spaces", "  __label__ham   see you  later  ", [1, "ham", "see you  later"]],
  ["no text", "__label__ham", [1, "ham", ""]],
  ["no label", "see you later", [1, 'begins with "see", expected __label__…']],
  ["an empty label", "__label__ see", [1, "has an empty label, expected a name after __label__"]],
  ["several labels", "__label__a __label__b see", [1, "has several labels, expected one"]],
];
for (const [what, line, entry] of fastText) {
  Deno.test(`readRows() of fastText lines reads ${what}`, async () => {
    assertEquals(await readBrief(line, { format: "fasttext" }), [entry]);
  });
}

Deno.test("readRows() of lines refuses one of 50 MB, and reads on after it", async () => {
  const content = `__label__a b\n__label__a ${"x".repeat(50_000_000)}\n__label__c d\n`;
  assertEquals(await readBrief(content, {}, 1 << 20), [
    [1, "a", "b"],
    [2, "is longer than 10,000,000 characters"],
    [3, "c", "d"],
  ]);
});
