import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Entry, isProblem } from "../../lib/formats/entry.ts";
import { read, type Some } from "../data/reading.ts";

/** Reads rows as `[labels, text]`, or their problem. */
async function several(content: string, some: Some = {}): Promise<unknown[]> {
  const brief = (entry: Entry) =>
    isProblem(entry) ? entry.problem : [entry.labels ?? entry.label, "text" in entry && entry.text];
  return (await read(content, some)).map(brief);
}

Deno.test("readRows() reads fastText's tutorial format: several labels, also none, each once", async () => {
  assertEquals(await several("__label__sauce __label__cheese How much?\n__label__b a __label__b\nno label\n"), [
    [["sauce", "cheese"], "How much?"],
    [["b"], "a"],
    [[], "no label"],
  ]);
});

Deno.test("readRows() keeps one label where no line at the beginning has several", async () => {
  assertEquals(await several("__label__a b\n__label__c d\n"), [["a", "b"], ["c", "d"]]);
  assertEquals(await several('{"text": "b", "label": "a"}\n'), [["a", "b"]]);
  assertEquals(await several("text,label\nb,a|c\n"), [["a|c", "b"]]);
});

Deno.test("readRows() reads lists of labels in JSON lines, null and single labels among them", async () => {
  const lines = ['["x", 1, true]', '"y"', "null", "[]", '[{"a": 1}]'].map((label) =>
    `{"text": "t", "label": ${label}}\n`
  );
  const rows = await several(lines.join(""));
  assertEquals(rows.slice(0, 4), [[["x", "1", "true"], "t"], [["y"], "t"], [[], "t"], [[], "t"]]);
  assertStringIncludes(String(rows[4]), 'has {"a":1} for "label", expected a string');
});

Deno.test("readRows() splits labels of CSV and JSON at the separator that is named", async () => {
  const csv = "text,label\nb,a| c |a\nd,\n";
  assertEquals(await several(csv, { labelSeparator: "|" }), [[["a", "c"], "b"], [[], "d"]]);
  assertEquals(await several(csv, { labels: "many" }), [[["a| c |a"], "b"], [[], "d"]]);
  const json = '{"text": "b", "label": "a;c"}\n';
  assertEquals(await several(json, { labelSeparator: ";" }), [[["a", "c"], "b"]]);
});

Deno.test("readRows() refuses several labels where rows have one, and more than 256", async () => {
  const [problem] = await several('{"text": "t", "label": ["a", "b"]}\n', { labels: "one" });
  assertStringIncludes(String(problem), "expected a string, a number, true or false, or `labels` many");
  const names = Array.from({ length: 257 }, (_, index) => `__label__${index}`).join(" ");
  assertEquals(await several(`${names} text\n`), ["has 257 labels, expected at most 256"]);
});
