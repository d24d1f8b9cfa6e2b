import { assertEquals } from "@std/assert";
import { columnsProblem, parseColumns } from "../../lib/config/columns.ts";
import { fieldValue, readingOf } from "../../lib/formats/columns.ts";
import { WrittenNumber } from "../../lib/formats/json_digits.ts";
import { type Entry, isProblem } from "../../lib/formats/entry.ts";
import { readRows } from "../../lib/formats/rows.ts";
import { bytesOf, options, pieces } from "../data/reading.ts";

const OPTION = "subject:text, amount:number,country:category";

Deno.test("parseColumns() reads names and kinds, and columnsProblem() says what is wrong", () => {
  assertEquals(parseColumns(OPTION), [
    { name: "subject", kind: "text" },
    { name: "amount", kind: "number" },
    { name: "country", kind: "category" },
  ]);
  assertEquals(parseColumns("a:b:text"), [{ name: "a:b", kind: "text" }]);
  assertEquals([parseColumns(""), columnsProblem(""), columnsProblem("a:text")], [undefined, undefined, undefined]);
  const wrong = ["subject", "subject:txt", ":text", "a:text,", "a:text,a:number", "a\x1Fb:text"];
  for (const option of wrong) assertEquals(typeof columnsProblem(option), "string", option);
});

Deno.test("fieldValue() takes numbers in any form, missing values, and texts only as texts", () => {
  const values = (kind: "text" | "number" | "category", ...given: unknown[]) =>
    given.map((value) => fieldValue(kind, value));
  assertEquals(values("number", 1.5, " -2e3 ", new WrittenNumber("1.50"), ".5"), [1.5, -2000, 1.5, 0.5]);
  assertEquals(values("number", "", "NaN", "n/a", null), [null, null, null, null]);
  assertEquals(values("number", "1,5", "12 CHF", true, undefined, [1], "1e999", Infinity), Array(7).fill(undefined));
  assertEquals(values("category", "CH ", 7, true, "", null, "NA"), ["CH", "7", "true", null, null, "NA"]);
  assertEquals(values("category", {}, undefined), [undefined, undefined]);
  assertEquals(values("text", " a ", null, 7, undefined), [" a ", "", undefined, undefined]);
});

const reading = { ...options(), ...readingOf(parseColumns(OPTION)) };

/** Returns each row as label and fields, or its problem. */
async function read(content: string, name = "-"): Promise<unknown[]> {
  const entries: Entry[] = [];
  for await (const entry of readRows([name], reading, pieces(bytesOf(content), 7))) entries.push(entry);
  return entries.map((row) => isProblem(row) ? row.problem : "fields" in row ? [row.label, ...row.fields] : row);
}

Deno.test("readRows() reads the same fields from CSV, TSV and JSON lines, in any order of columns", async () => {
  const csv = 'Country,label,amount,subject\nCH,x,12.5,"a, b"\n,y,,c\n';
  const json = '{"subject": "a, b", "amount": 12.5, "country": "CH", "label": "x"}\n' +
    '{"label": "y", "country": null, "amount": null, "subject": "c", "more": 1}\n';
  const expected = [["x", "a, b", 12.5, "CH"], ["y", "c", null, null]];
  assertEquals(await read(csv), expected);
  assertEquals(await read(csv.replaceAll(/(?<!a),/g, "\t")), expected);
  assertEquals(await read(json), expected);
});

Deno.test("readRows() names the field that is missing or of another kind", async () => {
  assertEquals(await read('label,subject,amount,country\nx,a,"1,5",CH\n'), [
    'has "1,5" for "amount", expected a number such as 12.5, or null for a missing one',
  ]);
  assertEquals(
    await read('{"subject": 5, "amount": 1, "country": "CH", "label": "x"}\n{"subject": "a", "label": "x"}'),
    [
      'has 5 for "subject", expected a text',
      'has no "amount", only "subject", "label"',
    ],
  );
});
