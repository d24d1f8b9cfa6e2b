import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Entry, isProblem } from "../../lib/formats/entry.ts";
import { InputError } from "../../lib/base/errors.ts";
import { brief, read, readBrief, readSplit } from "../data/reading.ts";
import { anyCharacter } from "../data/any_character.ts";

/** Draws any text of UTF-8 without NUL, which no text may contain. */
const unicode = fc.string({ unit: "grapheme-composite", maxLength: 30 });
const nasty = fc.string({
  unit: fc.constantFrom('"', ",", "\n", "\r\n", "\t", ";", "|", " ", "a", "é", "'"),
  maxLength: 12,
});
const text = fc.oneof(unicode, nasty, fc.string({ unit: anyCharacter, maxLength: 10 })).map((value) =>
  value.replaceAll("\0", "").toWellFormed()
);
const label = text.map((value) =>
  value.replaceAll(/\p{Default_Ignorable_Code_Point}/gu, "").normalize("NFC").trim() || "x"
);
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });

/** Quotes a field if necessary, as in RFC 4180. */
function csvField(value: string, delimiter: string): string {
  const isPlain = !/["\r\n\uFEFF]/.test(value) && !value.includes(delimiter) && value.trim() !== "";
  return isPlain ? value : `"${value.replaceAll('"', '""')}"`;
}

/** Tells whether a source counts as text: at most a tenth of its bytes are control characters. */
function isText(content: string): boolean {
  const bytes = new TextEncoder().encode(content);
  return bytes.filter((byte) => byte < 32 && !(byte >= 9 && byte <= 13) && byte !== 27).length <= 0.1 * bytes.length;
}

const lineFeeds = (value: string) => value.split("\n").length - 1;

Deno.test("readRows() returns rows of any Unicode that were written as CSV, with their lines", async () => {
  const written = fc.record({
    rows: fc.array(fc.record({ text, label }), { minLength: 1, maxLength: 12 }),
    delimiter: fc.constantFrom(",", "\t", ";", "|"),
    lineEnd: fc.constantFrom("\n", "\r\n"),
    mark: fc.constantFrom("", "\uFEFF"),
    sizes,
  });
  await fc.assert(
    fc.asyncProperty(written, async ({ rows, delimiter, lineEnd, mark, sizes }) => {
      let line = 2;
      const lines = rows.map((row) => {
        const start = line;
        line += 1 + lineFeeds(row.text) + lineFeeds(row.label);
        return start;
      });
      const records = [["text", "label"], ...rows.map((row) => [row.text, row.label])];
      const content = mark +
        records.map((record) => record.map((field) => csvField(field, delimiter)).join(delimiter) + lineEnd).join("");
      // A final Ctrl-Z is the end of a text, and no part of its last label.
      fc.pre(isText(content) && !content.trimEnd().endsWith("\x1A"));
      const expected = rows.map((row, index) => [lines[index], row.label, row.text]);
      assertEquals(await readBrief(content, { delimiter }), expected);
      assertEquals(await readSplit(content, sizes, { delimiter }), expected);
    }),
    { numRuns: 300 },
  );
});

Deno.test("readRows() returns rows of any Unicode that were written as JSON lines", async () => {
  const content = fc.oneof(text, fc.array(text, { maxLength: 6 }));
  const written = fc.array(fc.record({ content, label }), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(written, sizes, async (rows, sizes) => {
      const lines = rows.map(({ content, label }) =>
        JSON.stringify(typeof content === "string" ? { text: content, label } : { tokens: content, label })
      ).join("\n");
      const expected = rows.map(({ content, label }, index) => [index + 1, label, content]);
      assertEquals(await readBrief(lines), expected);
      assertEquals(await readSplit(lines, sizes), expected);
    }),
    { numRuns: 200 },
  );
});

/** Checks that reading gives rows or problems with their places, or refuses the whole source. */
async function tolerates(content: string | Uint8Array): Promise<void> {
  let entries: Entry[];
  try {
    entries = await read(content);
  } catch (error) {
    assert(error instanceof InputError, `Expected an InputError, but it was: ${error}`);
    for (const { message } of error.problems) assert(message.startsWith("Cannot read standard input: "), message);
    return;
  }
  const lines = (typeof content === "string" ? content : new TextDecoder().decode(content)).split(/[\r\n]/).length;
  let last = 0;
  for (const entry of entries) {
    assert(entry.line >= last && entry.line >= 1 && entry.line <= lines, `line ${entry.line} of ${lines}`);
    last = entry.line;
    if (isProblem(entry)) assert(entry.problem.length > 5 && entry.problem.length < 500, entry.problem);
    else {
      // Rows that may have several labels have them in a list.
      assert(entry.labels ? entry.labels.every((label) => label.trim() !== "") : entry.label.trim() !== "");
      assert(!String(brief(entry)[2]).includes("\0"));
    }
  }
}

Deno.test("readRows() of random bytes returns rows or problems with places, or refuses", async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), tolerates), { numRuns: 500 });
});

const heads = [
  "text,label\n",
  "label\ttext\n",
  '{"text": "a", "label": "x"}\n',
  "__label__a b\n",
  "",
  "\uFEFFtext;label\n",
];
const scraps = [
  '"',
  '""',
  ",",
  "\n",
  "\r\n",
  "\r",
  "\t",
  ";",
  "\0",
  "a",
  "x y",
  "é",
  "{",
  "}",
  '{"text":1}',
  "__label__",
  "[1]",
];

Deno.test("readRows() of scraps of every format returns the same entries in any chunks", async () => {
  const content = fc.tuple(fc.constantFrom(...heads), fc.array(fc.constantFrom(...scraps), { maxLength: 40 }))
    .map(([head, parts]) => head + parts.join(""));
  await fc.assert(
    fc.asyncProperty(content, sizes, async (content, sizes) => {
      await tolerates(content);
      const whole = await readBrief(content).catch((error: unknown) => String(error));
      if (typeof whole !== "string") assertEquals(await readSplit(content, sizes), whole);
    }),
    { numRuns: 1000 },
  );
});
