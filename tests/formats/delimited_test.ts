import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { MAX_ROW } from "../../lib/formats/entry.ts";
import { InputError } from "../../lib/base/errors.ts";
import { readBrief, readSplit, type Some } from "../data/reading.ts";

const cases: [what: string, content: string, entries: readonly (readonly unknown[])[], some?: Some][] = [
  ["rows under a header", "text,label\nhello,a\nworld,b\n", [[2, "a", "hello"], [3, "b", "world"]]],
  ["columns in any order, others between them", "id,label,x,text\n1,a,?,hi\n", [[2, "a", "hi"]]],
  ["a last line without an end", "text,label\nhello,a", [[2, "a", "hello"]]],
  ["CRLF", "text,label\r\nhello,a\r\nworld,b\r\n", [[2, "a", "hello"], [3, "b", "world"]]],
  ["CRLF after a text in the last column", "label,text\r\na,hello\r\n", [[2, "a", "hello"]]],
  ["LF and CRLF in one file", "text,label\nhello,a\r\nworld,b\n", [[2, "a", "hello"], [3, "b", "world"]]],
  ["CR", "text,label\rhello,a\rworld,b\r", [[2, "a", "hello"], [3, "b", "world"]]],
  ["a byte order mark", "\uFEFFtext,label\nhello,a\n", [[2, "a", "hello"]]],
  ["blank lines", "\ntext,label\n\nhello,a\n  \nworld,b\n\n", [[4, "a", "hello"], [6, "b", "world"]]],
  ["quoted delimiters and doubled quotes", 'text,label\n"a, ""b""",x\n', [[2, "x", 'a, "b"']]],
  ["line ends in quotes", 'text,label\n"a\nb\r\nc",x\nd,y\n', [[2, "x", "a\nb\r\nc"], [5, "y", "d"]]],
  ["a header with a line end", '"te\nxt",label\na,x\n', [[3, "x", "a"]], { textColumn: "te\nxt" }],
  ["quotes within a field without quotes", 'text,label\nthe 5" disk,x\n', [[2, "x", 'the 5" disk']]],
  ["space around labels", "text,label\n a ,  x \t\n", [[2, "x", " a "]]],
  ["an empty text", "text,label\n,x\n", [[2, "x", ""]]],
  ["names in another case", "Label,TEXT\nx,a\n", [[2, "x", "a"]]],
  ["tabs", "text\tlabel\na, b\tx\n", [[2, "x", "a, b"]]],
  ["semicolons", "text;label\na, b;x\n", [[2, "x", "a, b"]]],
  ["bars", "label|text\nx|a, b; c\n", [[2, "x", "a, b; c"]]],
  ["a named delimiter", "text^label\na,b^x\n", [[2, "x", "a,b"]], { delimiter: "^" }],
  ["no header, by numbers", "x,a\ny,b\n", [[1, "x", "a"], [2, "y", "b"]], {
    header: "no",
    labelColumn: "1",
    textColumn: "2",
  }],
  ["quotes without meaning", 'text\tlabel\n"a\tx\nb"\tx\n', [[2, "x", '"a'], [3, "x", 'b"']], { quotes: "none" }],
  ["Excel's line that names the delimiter", "sep=;\r\ntext;label\r\na,b;x\r\n", [[3, "x", "a,b"]]],
  ["the same after a byte order mark, with another delimiter", "\uFEFFSEP=|\ntext|label\na, b; c|x\n", [[
    3,
    "x",
    "a, b; c",
  ]]],
  ["the same without a header", "sep=,\na,x\nb,x\n", [[2, "x", "a"], [3, "x", "b"]], {
    textColumn: "1",
    labelColumn: "2",
  }],
  ["empty rows of a spreadsheet", 'text,label\na,x\n,\n , \n"",\nb,y\n', [
    [2, "x", "a"],
    [6, "y", "b"],
  ]],
  ["a final Ctrl-Z", "text,label\na,x\n\x1A", [[2, "x", "a"]]],
  ["a final Ctrl-Z after a row, and a line end", "text,label\na,x\x1A\r\n", [[2, "x", "a"]]],
  ["a Ctrl-Z that is not the end", "text,label\na\x1Ab,x\n", [[2, "x", "a\x1Ab"]]],
  ["quotes after a space", '"text", "label"\n"a, really", "good"\n', [[2, "good", "a, really"]]],
  ["a delimiter in quotes after a space", 'label, text\nx,  "a, ""b"", c"\ny, plain\n', [
    [2, "x", 'a, "b", c'],
    [3, "y", " plain"],
  ]],
  ["words in quotes after a space", 'text,label\n "a" and "b",x\n', [[2, "x", ' "a" and "b"']]],
  ["a repeated header", "text,label\na,x\ntext,label\nb,y\n", [[2, "x", "a"], [4, "y", "b"]]],
  ["a repeated header with a mark and quotes", '"text","label"\na,x\n\uFEFF"text","label"\nb,y\n', [
    [2, "x", "a"],
    [4, "y", "b"],
  ]],
  ["a header with its columns in another order", "text,label\na,x\nlabel,text\ny,b\n", [
    [2, "x", "a"],
    [3, "is a header with its columns in another order, expected text, label: do not concatenate such files"],
    [4, "b", "y"],
  ]],
  ["a field too many", "text,label\na,b,x\nc,y\n", [[
    2,
    'has 3 fields, expected 2 (text, label): quote fields that contain ","',
  ], [3, "y", "c"]]],
  ["a field too few", "text,label\na\nc,y\n", [[2, "has 1 field, expected 2 (text, label)"], [3, "y", "c"]]],
  ["an empty label", "text,label\na, \nc,y\n", [[2, 'has an empty label (column "label")'], [3, "y", "c"]]],
  ["a NUL byte", "text,label\na\0b,x\nc,y\n", [[2, "contains a NUL byte, expected text"], [3, "y", "c"]]],
  ["a quote that is not closed", 'text,label\na,x\n"b,y\nc,z\n', [
    [2, "x", "a"],
    [3, "opens a quote that is never closed"],
    [4, "z", "c"],
  ]],
  ["a quote that is not doubled", 'text,label\n"a "b" c",x\nd,y\n', [
    [2, 'has a quote inside a quoted field: double it ("")'],
    [3, "y", "d"],
  ]],
  ["a wrong quote after some lines of its record", 'text,label,n\n"a\nb",x,"c" d\ne,y,1\n', [
    [3, 'has a quote inside a quoted field: double it ("")'],
    [4, "y", "e"],
  ]],
];
for (const [what, content, entries, some] of cases) {
  Deno.test(`readRows() of CSV reads ${what}, whole or in chunks of one byte`, async () => {
    assertEquals(await readBrief(content, some), entries);
    assertEquals(await readSplit(content, [1], some), entries);
  });
}

const headers: [what: string, content: string, words: readonly string[], some?: Some][] = [
  ["a missing text column", "txet,label\na,x\n", ['no column "text"', '"txet", "label"', '`textColumn` "txet"']],
  ["a missing label column", "text,kind\na,x\n", ['no column "label"', '"text", "kind"']],
  ["no header", "hello,x\nworld,y\n", ['no column "text"', "set `header` to no"]],
  ["one column", "text\na\nb\n", ['no column "label"', "only one column"]],
  ["two columns of one name", "text,label,text\na,x,b\n", ['several columns "text"']],
  ["one column for both", "a,b\n1,2\n", ["text and label are in one column"], { textColumn: "a", labelColumn: "a" }],
  ["a delimiter of two characters", "text,label\na,x\n", ["expected one character"], { delimiter: ",," }],
];
for (const [what, content, words, some] of headers) {
  Deno.test(`readRows() of CSV refuses ${what}`, async () => {
    const error = await assertRejects(() => readBrief(content, some), InputError);
    for (const word of words) assertStringIncludes(error.message, word);
  });
}

Deno.test("readRows() of CSV without header guesses the label column only if it is certain", async () => {
  const rows = (count: number) => Array.from({ length: count }, (_, i) => `text number ${i},${i % 2 ? "a" : "b"}\n`);
  const entries = await readBrief(rows(20).join(""));
  assertEquals([entries.length, entries[0]], [20, [1, "b", "text number 0"]]);
  await assertRejects(() => readBrief(rows(4).join("")), InputError, 'no column "text"');
  // No label is like the first line, so that may be a header.
  await assertRejects(() => readBrief(`message,kind\n${rows(20).join("")}`), InputError, 'no column "text"');
});

Deno.test("readRows() of CSV refuses lines of 50 MB and quotes open for as long, and continues", async () => {
  const long = "x".repeat(50_000_000);
  assertEquals(await readBrief(`text,label\na,x\n${long},y\nb,z\n`, {}, 1 << 20), [
    [2, "x", "a"],
    [3, `is longer than ${MAX_ROW.toLocaleString("en-US")} characters`],
    [4, "z", "b"],
  ]);
  const lines = 100_000;
  const entries = await readBrief(`text,label\n"a,x\n${`${"b".repeat(118)},z\n`.repeat(lines)}`, {}, 1 << 20);
  assertStringIncludes(String(entries[0]![1]), "opens a quote that is not closed");
  assertEquals([entries.length, entries[0]![0], entries[1]![0]], [lines + 1, 2, 3]);
});

Deno.test("readRows() of CSV refuses more than 100 rows with wrong quotes", async () => {
  const content = `text,label\n${'"a" b,x\n'.repeat(101)}`;
  await assertRejects(() => readBrief(content), InputError, "set `quotes` to none");
});
