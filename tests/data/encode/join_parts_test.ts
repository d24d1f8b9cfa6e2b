import { assertEquals } from "@std/assert";
import { openPreprocessing } from "../../../lib/data/encode/open_preprocessing.ts";
import type { LoadedPart } from "../../../lib/data/encode/assemble.ts";
import { joinParts, translation } from "../../../lib/data/encode/join_parts.ts";
import { loadData } from "../../../lib/data/load/load.ts";
import type { PreprocessingJson } from "../../../lib/data/encode/preprocessing.ts";
import { placeOf } from "../../../lib/data/encode/table_builder.ts";
import { bytesOf, options, pieces, type Some } from "../reading.ts";

/** Loads rows from standard input, all of them as training rows. */
const load = (content: string, some: Some = {}, known?: Parameters<typeof loadData>[0]["known"]) =>
  loadData({
    ...options({ validation: 0, ...some }),
    sources: ["-"],
    seed: 1,
    input: pieces(bytesOf(content), 1 << 16),
    ...known && { known },
  });

/** Returns the ids and the keys of unknown tokens of each row, by the encoder that predictions use. */
function encoded(preprocessing: PreprocessingJson, texts: readonly string[]) {
  const { encode } = openPreprocessing(preprocessing);
  return texts.map((text) => {
    const { tokens, unknown } = encode(text);
    return [[...tokens], [...unknown.keys]];
  });
}

/** Returns the same of the rows of a part. */
function rowsOf({ table: { tokens, offsets, unknown } }: LoadedPart) {
  return Array.from({ length: offsets.length - 1 }, (_, row) => {
    const { before, keys } = unknown!;
    const own = keys.keys.subarray(keys.offsets[before[row]!], keys.offsets[before[row + 1]!]);
    return [[...tokens.subarray(offsets[row], offsets[row + 1])], [...own]];
  });
}

const old = ["a b rare", "a b", "b a once a"];
const fresh = ["rare c a", "rare c", "c d b"];
const csv = (texts: readonly string[], labels: string) =>
  `text,label\n${texts.map((text, row) => `${text},${labels[row]}\n`).join("")}`;

for (const tokenizer of ["words", "chars", "codes"]) {
  Deno.test(`joinParts() encodes rows of both vocabularies as predictions do, and back: ${tokenizer}`, async () => {
    const some = { tokenizer, minCount: 2 };
    const before = await load(csv(old, "xyx"), some);
    const { preprocessing, labels } = before;
    const after = await load(csv(fresh, "zyz"), some, { preprocessing, labels });
    assertEquals(after.labels, ["x", "y", "z"]);
    const [its, own] = [preprocessing.vocabulary, after.preprocessing.vocabulary];
    assertEquals(own.slice(0, its.length), its);
    const letters = tokenizer === "words";
    const joined = joinParts([
      { part: after.training, translation: translation(own, own, letters) },
      { part: before.training, translation: translation(its, own, letters), rows: Uint32Array.of(0, 2) },
    ], letters);
    assertEquals(rowsOf(joined), encoded(after.preprocessing, [...fresh, old[0]!, old[2]!]));
    assertEquals([...joined.table.labels], [2, 1, 2, 0, 0]);
    assertEquals([3, 4].map((row) => placeOf(joined.places, row)), ["standard input:2", "standard input:4"]);
    const back = joinParts([{ part: after.training, translation: translation(own, its, letters) }], letters);
    assertEquals(rowsOf(back), encoded(preprocessing, fresh));
  });
}

Deno.test("loadData() keeps the bins and categories of earlier columns, and adds new categories", async () => {
  const columns = "text:text,n:number,kind:category";
  const content = (rows: readonly string[]) => `text,n,kind,label\n${rows.join("\n")}\n`;
  const first = Array.from({ length: 16 }, (_, row) => `some text,${row},${row % 2 ? "odd" : "even"},${row % 2}`);
  const { preprocessing, labels } = await load(content(first), { columns, minCount: 2 });
  const second = Array.from({ length: 8 }, (_, row) => `other text,${100 + row},prime,${row % 3}`);
  const grown = await load(content(second), { columns, minCount: 2 }, { preprocessing, labels });
  assertEquals(grown.preprocessing.columns, preprocessing.columns);
  const own = grown.preprocessing.vocabulary;
  assertEquals(own.slice(0, preprocessing.vocabulary.length), preprocessing.vocabulary);
  assertEquals(own.slice(preprocessing.vocabulary.length).sort(), ["kind\x1Fprime", "other"]);
  assertEquals(grown.labels, ["0", "1", "2"]);
});
