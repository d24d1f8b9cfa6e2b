import { assertEquals, assertRejects } from "@std/assert";
import { readLines } from "../../lib/formats/lines.ts";
import { asText, openRows } from "../../lib/formats/rows.ts";
import { openBytes } from "../../lib/formats/bytes.ts";
import { brief, bytesOf, options, pieces, type Some } from "../data/reading.ts";

async function unlabelled(content: string, some: Some = {}): Promise<(readonly unknown[])[]> {
  const reader = await openRows("-", { ...options(some), unlabelled: true }, pieces(bytesOf(content), 1 << 16));
  const entries = [];
  for await (const batch of reader.batches()) entries.push(...batch);
  return entries.map(brief);
}

const cases: [what: string, content: string, rows: (readonly unknown[])[], some?: Some][] = [
  ["a column of texts", "text\na\n\nb\n", [[2, "", "a"], [4, "", "b"]]],
  ["columns beside the text", 'id,text\n1,"a, b"\n2,c\n', [[2, "", "a, b"], [3, "", "c"]]],
  ["a column of labels", "text;label\na;x\nb;\n", [[2, "", "a"], [3, "", "b"]]],
  ["a file without header", "a\nb\n", [[1, "", "a"], [2, "", "b"]], { textColumn: "1", labelColumn: "2" }],
  ["a row with too many fields", "text\na,b\nc\n", [[
    2,
    'has 2 fields, expected 1 (text): quote fields that contain ","',
  ], [3, "", "c"]]],
  ["JSON lines", '{"text":"a"}\n{"tokens":["b",1],"label":null}\n', [[1, "", "a"], [2, "", ["b", "1"]]]],
  ["JSON without a text", '{"label":"x"}\n{"text":1}\n', [
    [1, 'has no "text", only "label"'],
    [2, 'has 1 for "text", expected a text or a list of tokens'],
  ]],
  ["fastText lines", "__label__x a b\nc __label__y\n", [[1, "", "a b"], [2, "", "c"]]],
];
for (const [what, content, rows, some] of cases) {
  Deno.test(`openRows() without labels reads ${what}`, async () => {
    assertEquals(await unlabelled(content, some), rows);
  });
}

Deno.test("openRows() without labels requires the text column", async () => {
  await assertRejects(() => unlabelled("message,label\na,x\n"), Error, 'has no column "text"');
});

async function lines(content: string, size: number): Promise<unknown[]> {
  const found: unknown[] = [];
  const source = asText(await openBytes("-", pieces(bytesOf(content), size), "line"));
  for await (const batch of readLines(source, { blank: true })) {
    for (const entry of batch) found.push("problem" in entry ? entry.problem : [entry.line, entry.text]);
  }
  return found;
}

Deno.test("readLines() also returns blank lines, in any chunks, and ends none at U+2028", async () => {
  const text = "\uFEFFa\n\n \r\nb\u2028c\rd\n\nlast";
  const wanted = [[1, "a"], [2, ""], [3, " "], [4, "b\u2028c\rd"], [5, ""], [6, "last"]];
  for (const size of [1, 2, 3, 5, 100]) {
    assertEquals(await lines(text, size), wanted);
    assertEquals(await lines(`${text}\n`, size), wanted);
  }
  assertEquals(await lines("a\x1A\nb\x1A\n", 1), [[1, "a\x1A"], [2, "b\x1A"]]);
  assertEquals(await lines("", 1), []);
  assertEquals(await lines("\n", 1), [[1, ""]]);
});

Deno.test("readLines() returns a first line without waiting for more", async () => {
  const more = Promise.withResolvers<void>();
  async function* slow() {
    yield bytesOf("a\x1A\nb");
    await more.promise;
    yield bytesOf("c\n");
  }
  const source = asText(await openBytes("-", slow(), "line"));
  const batches = readLines(source, { blank: true });
  assertEquals((await batches.next()).value, [{ line: 1, text: "a\x1A" }]);
  more.resolve();
  assertEquals((await batches.next()).value, [{ line: 2, text: "bc" }]);
  for await (const batch of batches) assertEquals(batch, []);
});
