import { assertEquals, assertStringIncludes } from "@std/assert";
import { briefBy, readBrief, type Some } from "../data/reading.ts";

const jsonl: [what: string, line: string, entry: readonly unknown[], some?: Some & { rules?: 1 }][] = [
  ["a text", '{"text": "a\\nb", "label": "x"}', [1, "x", "a\nb"]],
  ["a number and a Boolean as labels", '{"text": "a", "label": 3}\n{"text": "b", "label": true}', [1, "3", "a"]],
  ["tokens", '{"tokens": [21, 6, "b"], "label": "even"}', [1, "even", ["21", "6", "b"]]],
  ["tokens under the text's key", '{"codes": ["a", "b"], "label": "x"}', [1, "x", ["a", "b"]], { textColumn: "codes" }],
  ["no tokens", '{"tokens": [], "label": "x"}', [1, "x", []]],
  ["other keys", '{"t": "a", "y": " x "}', [1, "x", "a"], { textColumn: "t", labelColumn: "y" }],
  ["a missing key", '{"txt": "a", "label": "x"}', [1, 'has no "text", only "txt", "label": did you mean "txt"?']],
  ["an inherited key", '{"label": "x"}', [1, 'has no "toString", only "label"'], { textColumn: "toString" }],
  ["null", '{"text": "a", "label": null}', [1, 'has null for "label", expected a value']],
  ["null as text", '{"text": null, "label": "x"}', [1, 'has null for "text", expected a value']],
  ["null as text beside tokens", '{"text": null, "tokens": [1], "label": "x"}', [1, "x", ["1"]]],
  ["whole numbers with all their digits", '{"tokens": [9007199254740993, 7], "label": 12345678901234567890}', [
    1,
    "12345678901234567890",
    ["9007199254740993", "7"],
  ]],
  ["numbers with their digits", '{"tokens": [1.0, 2.50, 1e2, -0, 1E+2, 0.5, -3], "label":-0.0}', [
    1,
    "-0.0",
    ["1.0", "2.50", "1e2", "-0", "1E+2", "0.5", "-3"],
  ]],
  ["a number as a text", '{"text": 1.0, "label": "x"}', [
    1,
    'has 1 for "text", expected a text or a list of tokens',
  ]],
  ["numbers by their value in runs of the first rules", '{"tokens": [1.0, 9007199254740993], "label": 1e2}', [
    1,
    "100",
    ["1", "9007199254740992"],
  ], { rules: 1 }],
  ["an object as label", '{"text": "a", "label": {}}', [
    1,
    'has {} for "label", expected a string, a number, true or false',
  ]],
  ["a list in tokens", '{"tokens": ["a", []], "label": "x"}', [1, "has [] as token 1, expected a string or a number"]],
  ["an empty label", '{"text": "a", "label": " "}', [1, "has an empty label"]],
  ["a list", '{"text": "a", "label": "x"}\n[1]', [2, 'is [1], expected an object with "text" and "label"']],
  ["a NUL character", '{"text": "a\\u0000", "label": "x"}', [1, "contains a NUL character, expected text"]],
];
for (const [what, line, entry, some] of jsonl) {
  Deno.test(`readRows() of JSON lines reads ${what}`, async () => {
    const { rules, ...options } = some ?? {};
    const entries = await briefBy(line, { format: "jsonl", ...options }, rules);
    assertEquals(entries.find(([number]) => number === entry[0]), entry);
  });
}

Deno.test("readRows() of JSON lines reports lines that end with commas", async () => {
  const found = await briefBy('{"text":"a","label":"x"},\n{"text":"b","label":"y"},\n', {});
  assertEquals(found.length, 2);
  for (const [, problem] of found) assertStringIncludes(String(problem), "ends with a comma");
});

Deno.test("readRows() of JSON lines reports the line that is not JSON", async () => {
  const [first, second, third] = await readBrief(
    '\n{"text": "a", "label": "x"}\r\n{"text": \n{"text": "b", "label": 1}',
  );
  assertEquals([first, third], [[2, "x", "a"], [4, "1", "b"]]);
  assertEquals(second![0], 3);
  assertStringIncludes(String(second![1]), "is not JSON");
});

const fastText: [what: string, line: string, entry: readonly unknown[], rules?: 1][] = [
  ["a row", "__label__ham see you later", [1, "ham", "see you later"]],
  ["a row between spaces", "  __label__ham   see you  later  ", [1, "ham", "see you  later"]],
  ["no text", "__label__ham", [1, "ham", ""]],
  ["no label", "see you later", [
    1,
    'has no label, expected a word that begins with __label__: "see you later"',
  ]],
  ["a label at the end", "see you later __label__ham", [1, "ham", "see you later"]],
  ["a label in the middle", "see\t__label__ham you", [1, "ham", "see\t you"]],
  ["one label twice", "__label__ham see you __label__ham", [1, "ham", "see you"]],
  ["several labels at different places", "__label__a see __label__b", [
    1,
    'has several labels, "a", "b": expected one, or `labels` many',
  ]],
  ["a label within a word", "__label__a see x__label__b", [1, "a", "see x__label__b"]],
  ["a label glued to the text", "see you!__label__a", [
    1,
    'has no label: put a space before __label__ in "you!__label__a"',
  ]],
  ["no label in runs of the first rules", "see __label__a", [1, 'begins with "see", expected __label__…'], 1],
  ["a second label in runs of the first rules", "__label__a see __label__a", [1, "a", "see __label__a"], 1],
  ["an empty label", "__label__ see", [1, "has an empty label, expected a name after __label__"]],
  ["several labels", "__label__a __label__b see", [
    1,
    'has several labels, "a", "b": expected one, or `labels` many',
  ]],
];
for (const [what, line, entry, rules] of fastText) {
  Deno.test(`readRows() of fastText lines reads ${what}`, async () => {
    assertEquals(await briefBy(line, { format: "fasttext", labels: "one" }, rules), [entry]);
  });
}

Deno.test("readRows() of lines refuses one of 50 MB, and continues", async () => {
  const content = `__label__a b\n__label__a ${"x".repeat(50_000_000)}\n__label__c d\n`;
  assertEquals(await readBrief(content, {}, 1 << 20), [
    [1, "a", "b"],
    [2, "is longer than 10,000,000 characters"],
    [3, "c", "d"],
  ]);
});
