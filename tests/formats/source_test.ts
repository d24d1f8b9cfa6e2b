import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { isProblem } from "../../lib/formats/entry.ts";
import { asText, openRows, readRows } from "../../lib/formats/rows.ts";
import { openBytes } from "../../lib/formats/bytes.ts";
import { InputError } from "../../lib/base/errors.ts";
import { brief, bytesOf, options, pieces, read, readBrief, withFiles } from "../data/reading.ts";

const CSV = "text,label\nå ∑ 漢字 👍,x\n";

function utf16(text: string, bigEndian: boolean, mark: boolean): Uint8Array {
  const units = [...mark ? "\uFEFF" : "", ...Array.from({ length: text.length }, (_, i) => text[i]!)];
  const bytes = new Uint8Array(2 * units.length);
  const view = new DataView(bytes.buffer);
  units.forEach((unit, index) => view.setUint16(2 * index, unit.charCodeAt(0), !bigEndian));
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const PLAIN = "text,label\nhello world,x\n";
const refused: [what: string, bytes: Uint8Array, words: string][] = [
  ["nothing", new Uint8Array(0), "is empty"],
  ["only white space", bytesOf(" \n\n\t"), "is empty"],
  ["UTF-16 with a mark", utf16(PLAIN, false, true), "is UTF-16LE, expected UTF-8. Convert it with iconv -f UTF-16LE"],
  ["big-endian UTF-16 with a mark", utf16(PLAIN, true, true), "is UTF-16BE"],
  ["UTF-16 without a mark", utf16(PLAIN, false, false), "is UTF-16LE"],
  ["big-endian UTF-16 without a mark", utf16(PLAIN, true, false), "is UTF-16BE"],
  ["UTF-32", Uint8Array.of(0xFF, 0xFE, 0, 0, 0x61, 0, 0, 0), "is UTF-32LE"],
  [
    "a ZIP archive",
    bytesOf("PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    "ZIP archive (or a spreadsheet), expected csv, tsv",
  ],
  ["binary", Uint8Array.from({ length: 300 }, (_, i) => i * 7 % 256), "is binary"],
  [
    "gzip with something else after it",
    joined(gzipSync(bytesOf(PLAIN)), bytesOf("more")),
    "something else follows it",
  ],
  [
    "gzip with something else after zeros",
    joined(gzipSync(bytesOf(PLAIN)), new Uint8Array(9), bytesOf("more")),
    "something else follows it",
  ],
  ["a second gzip that is cut off", joined(gzipSync(bytesOf(PLAIN)), gzipSync(bytesOf(PLAIN)).subarray(0, 20)), "gzip"],
  ["damaged gzip", gzipSync(bytesOf(PLAIN)).subarray(0, 20), "cannot be decompressed as gzip"],
];
for (const [what, bytes, words] of refused) {
  Deno.test(`readRows() refuses ${what}`, async () => {
    const error = await assertRejects(() => read(bytes), InputError);
    assertStringIncludes(error.message, words);
    assertStringIncludes(error.message, "standard input");
  });
}

Deno.test("readRows() reads any Unicode, whole or byte by byte, and gzip", async () => {
  for (const size of [1, 2, 3, 1000]) assertEquals(await readBrief(CSV, {}, size), [[2, "x", "å ∑ 漢字 👍"]]);
  assertEquals(await readBrief(gzipSync(bytesOf(CSV))), [[2, "x", "å ∑ 漢字 👍"]]);
});

Deno.test("readRows() reads all members of a gzip, and zeros after them", async () => {
  const empty = gzipSync(new Uint8Array(0));
  for (const zeros of [0, 1, 512, 700, 100_000]) {
    const packed = joined(gzipSync(bytesOf(CSV)), gzipSync(bytesOf("b,y\n")), empty, new Uint8Array(zeros));
    for (const size of [zeros > 700 ? 100 : 1, 7, 512, 1 << 16, packed.length]) {
      assertEquals(await readBrief(packed, {}, size), [[2, "x", "å ∑ 漢字 👍"], [3, "y", "b"]]);
    }
  }
});

Deno.test("readRows() reads a gzip to its end, also if unpacking ends earlier", async () => {
  for (const zeros of [0, 1, 512]) {
    const input = (async function* (): AsyncGenerator<Uint8Array, void, void> {
      yield joined(gzipSync(bytesOf(CSV)), new Uint8Array(zeros));
      // The source ends long after unpacking has ended.
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
    })();
    const found: unknown[] = [];
    for await (const entry of readRows(["-"], options(), input)) found.push(brief(entry)[2]);
    assertEquals(found, ["å ∑ 漢字 👍"]);
  }
});

Deno.test("readRows() drops a final Ctrl-Z also of a large file, in any chunks", async () => {
  const content = `text,label\n${"a,x\n".repeat(20_000)}`;
  for (const end of ["\x1A", "\x1A\r\n"]) {
    for (const size of [bytesOf(content).length, 65_537]) {
      const entries = await readBrief(content + end, {}, size);
      assertEquals([entries.length, entries.at(-1)], [20_000, [20_001, "x", "a"]]);
    }
  }
});

Deno.test("asText() holds nothing back after a Ctrl-Z with many line ends", async () => {
  const [begin, ends] = [`text,label\n${"a,x\n".repeat(20_000)}\x1A`, "\n".repeat(10_000)];
  let came = 0;
  async function* input() {
    for (const part of [begin, ...new Array<string>(50).fill(ends), "b,y\n"]) {
      came += part.length;
      yield await Promise.resolve(bytesOf(part));
    }
  }
  const source = asText(await openBytes("-", input()));
  let text = "";
  for await (const chunk of source.chunks()) {
    text += chunk;
    assert(came - text.length < 2 * ends.length, `${came - text.length} characters are held back`);
  }
  assertEquals(text, `${begin}${ends.repeat(50)}b,y\n`);
});

Deno.test("readRows() reports exactly the rows with bytes that are not UTF-8", async () => {
  const bytes = Uint8Array.of(...bytesOf("text,label\nå,x\nb"), 0xE9, ...bytesOf(",y\nc,z\n"));
  for (const size of [1, 1000]) {
    const entries = await read(bytes, {}, size);
    assertEquals(entries.map(isProblem), [false, true, false]);
    assertEquals(entries.map(({ line }) => line), [2, 3, 4]);
    assertStringIncludes(String(brief(entries[1]!)[1]), "not UTF-8");
  }
});

Deno.test("readRows() reads several files of different formats, by extension and content", async () => {
  const files = {
    "a.csv": "text,label\na,x\n",
    "b.tsv": "label\ttext\nx\tb\n",
    "c.jsonl": '{"text": "c", "label": "x"}\n',
    "d.txt": "__label__x d\n",
    "e": '{"text": "e", "label": "x"}\n',
    "f.csv.gz": gzipSync(bytesOf("text,label\nf,x\n")),
  };
  await withFiles(files, async (folder) => {
    const found: unknown[] = [];
    const sources = Object.keys(files).map((name) => `${folder}/${name}`);
    for await (const entry of readRows(sources, options())) found.push([entry.file, brief(entry)[2]]);
    assertEquals(found, sources.map((source, index) => [source, "abcdef"[index]]));
  });
});

Deno.test("openRows() returns the format, and the digest of the raw bytes", async () => {
  const reader = await openRows("-", options(), pieces(bytesOf(CSV), 7));
  for await (const _ of reader.batches()) { /* to the end */ }
  const sha256 = createHash("sha256").update(CSV).digest("hex");
  const format = 'CSV with commas, a header, text and label in columns "text" and "label"';
  assertEquals(reader.info(), { name: "-", format, sha256, bytes: bytesOf(CSV).length });
});

Deno.test("readRows() refuses a missing file, a folder, and a source that is named twice", async () => {
  await withFiles({ "a.csv": CSV }, async (folder) => {
    const all = async (...sources: string[]) => {
      for await (const _ of readRows(sources, options())) { /* to the end */ }
    };
    await assertRejects(() => all(`${folder}/none.csv`), InputError, 'none.csv": there is no such file');
    await assertRejects(() => all(folder), InputError, "it is a folder");
    await assertRejects(() => all(`${folder}/a.csv`, `${folder}/a.csv`), InputError, "twice");
  });
});
