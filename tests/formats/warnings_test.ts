import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { brief, read, readBy, type Some } from "../data/reading.ts";
import { InputError } from "../../lib/base/errors.ts";

const warned: [what: string, content: string, line: number, words: string][] = [
  ["a repeated header", "text,label\na,x\nb,y\ntext,label\na,x\n", 4, "repeats the header"],
  ["a label with a zero-width space", "text,label\na,x\nb,y\u200B\n", 3, "invisible characters in its label"],
  [
    "a label in a label of fastText",
    "__label__a see\n__label__a,__label__b see\n",
    2,
    "__label__ within a label, which is read as part of its name",
  ],
  ["a label without a space between", "__label__a__label__b see\n__label__a see\n", 1, "__label__ within a label"],
  [
    "a label glued to a word",
    "__label__a see\n__label__a see!__label__b\n",
    2,
    "within a word, which is read as text",
  ],
  ["rows in a quoted field", 'label\ttext\nx\ta\ny\t"b\nx\tc\ny\td"\nx\te\n', 3, "3 lines that look like rows"],
  ["rows in a quoted field, the label last", 'text,label\na,y\n"b,y\nc",x\n', 3, "set `quotes` to none"],
];
for (const [what, content, line, words] of warned) {
  Deno.test(`readRows() warns of ${what}, by its line`, async () => {
    const { warnings } = await readBy(content);
    assertEquals(warnings.map((warning) => [warning.file, warning.line]), [["-", line]]);
    assertStringIncludes(warnings[0]!.warning, words);
  });
}

Deno.test("readRows() does not warn of texts of several lines", async () => {
  const content = 'text,label\n"Dear all,\n\nsee you, and\nthanks, Ann",x\n"roses, red\nviolets, blue",y\n';
  assertEquals((await readBy(content)).warnings, []);
});

const ROW = { text: "a", label: "x" };
const shapes: [what: string, content: string, words: readonly string[], some?: Some][] = [
  ["a list", JSON.stringify([ROW, ROW]), ["one JSON list", "jq -c '.[]'"]],
  ["a list on many lines", JSON.stringify([ROW, ROW], undefined, 2), ["one JSON list"]],
  ["a list with spaces", `\n[ \t\n\n { "text": "a", "label": "x" } ]`, ["one JSON list"]],
  ["a list of lists", '[["text", "label"], ["a", "x"]]', ["one JSON list"]],
  ["a list where lines are named", JSON.stringify([ROW], undefined, 1), ["one JSON list"], { format: "jsonl" }],
  ["columns", '{"text": {"0": "a"}, "label": {"0": "x"}}', ["object of columns"]],
  ["columns as lists", '{"text": ["a", "b"], "label": ["x", "y"]}', ["object of columns"]],
  ["rows under a key", JSON.stringify({ data: [ROW, ROW] }), ['rows under "data"', "jq -c '.data[]'"]],
  ["rows under a key on many lines", JSON.stringify({ data: [ROW] }, undefined, 2), ['rows under "data"']],
  ["objects of many lines", `${JSON.stringify(ROW, undefined, 2)}\n`.repeat(3), ["objects of several lines"]],
  ["objects one after another", JSON.stringify(ROW).repeat(3), ["several JSON objects on a line"]],
];
for (const [what, content, words, some] of shapes) {
  Deno.test(`readRows() refuses JSON of another shape: ${what}`, async () => {
    const error = await assertRejects(() => read(content, some), InputError);
    assertEquals(error.problems.length, 1);
    for (const word of [...words, "expected JSON lines"]) assertStringIncludes(error.message, word);
  });
}

Deno.test("readRows() recognizes fastText by labels at line ends, but not by a word in CSV", async () => {
  const first = async (content: string) => brief((await read(content))[0]!);
  assertEquals(await first("see you __label__a\nbye __label__b\n"), [1, "a", "see you"]);
  assertEquals(await first("text,label\nsee __label__a,x\n"), [2, "x", "see __label__a"]);
});
