import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../../lib/base/errors.ts";
import { loadData } from "../../../lib/data/load/load.ts";
import { binOf, binTokens, shownToken } from "../../../lib/data/encode/fields.ts";
import { createPreprocessing } from "../../../lib/data/encode/preprocessing.ts";
import { createTokenizer } from "../../../lib/data/tokenizers/create_tokenizer.ts";
import type { Spans } from "../../../lib/data/tokenizers/tokenizer.ts";
import { openPreprocessing } from "../../../lib/data/encode/open_preprocessing.ts";
import { placeOf } from "../../../lib/data/encode/table_builder.ts";
import { bytesOf, options, pieces, type Some } from "../reading.ts";

const COLUMNS = "body:text,amount:number,subject:text,country:category";

const load = (rows: readonly object[], some: Some = {}) => {
  const content = rows.map((row) => JSON.stringify(row)).join("\n");
  return loadData({
    ...options({ columns: COLUMNS, validation: 0.2, minCount: 1, ...some }),
    sources: ["-"],
    seed: 1,
    input: pieces(bytesOf(content), 1 << 16),
  });
};

const words = fc.array(fc.constantFrom("Red", "blue", "x\x1Fy", "don't"), { maxLength: 5 }).map((all) => all.join(" "));
const row = fc.record({
  subject: words,
  body: words,
  amount: fc.option(fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: 0, max: 5 }))),
  country: fc.option(fc.constantFrom("CH", "DE", 7, true, "a b")),
  label: fc.constantFrom("p", "q"),
});
const rows = fc.array(row, { minLength: 8, maxLength: 40 }).filter((rows) =>
  ["p", "q"].every((label) => rows.filter((row) => row.label === label).length > 1)
);

Deno.test("openPreprocessing() encodes a row of fields as training did, also after JSON", async () => {
  await fc.assert(
    fc.asyncProperty(rows, fc.integer({ min: 2, max: 12 }), async (given, maxLength) => {
      const { preprocessing, training, validation } = await load(given, { maxLength });
      const { encode, columns } = openPreprocessing(JSON.parse(JSON.stringify(preprocessing)));
      assertEquals(columns?.map(({ name }) => name), ["body", "amount", "subject", "country"]);
      for (const { table, places } of [training, validation!]) {
        for (let at = 0; at < table.labels.length; at++) {
          const { body, amount, subject, country } = given[Number(placeOf(places, at).split(":")[1]) - 1]!;
          const fields = [body, amount, subject, country === null ? null : String(country)];
          const own = table.tokens.subarray(table.offsets[at], table.offsets[at + 1]);
          assertEquals([...encode({ fields }).tokens], [...own]);
        }
      }
    }),
    { numRuns: 40, seed: 7 },
  );
});

Deno.test("loadData() puts values before marked texts, and learns bins from the training rows only", async () => {
  const given = Array.from({ length: 100 }, (_, at) => ({
    subject: "Hi you",
    body: at % 2 ? "red" : "blue",
    // The newest rows have other numbers.
    amount: at < 80 ? at : 1e6 + at,
    country: at % 10 === 3 ? null : "CH",
    when: at,
    label: `${at % 2}`,
  }));
  const { preprocessing, statistics, training } = await load(given, { timeColumn: "when" });
  const { decode } = openPreprocessing(preprocessing);
  const first = decode(training.table.tokens.subarray(0, training.table.offsets[1]));
  assertEquals(first.slice(1), ["country: CH", "body:", "blue", "subject:", "hi", "you"]);
  assert(/^amount: <\d+(\.\d+)?$/.test(first[0]!), first[0]);
  const [amount, country] = statistics.columns!;
  assertEquals([amount!.kind, amount!.values.length, amount!.missing], ["number", 9, 0]);
  assert(amount!.values.every(({ rows }) => rows >= 8 && rows <= 10));
  assert(preprocessing.columns!.every(({ edges = [] }) => edges.every((edge) => edge < 80)));
  assertEquals(country, {
    name: "country",
    kind: "category",
    values: [{ value: "CH", rows: 72 }],
    missing: 8,
    distinct: 1,
    unknown: 0,
  });
});

Deno.test("loadData() compares rows by all their values: another number is no duplicate", async () => {
  const at = (amount: number, label: string) => ({ subject: "a", body: "b", amount, country: "CH", label });
  const { statistics } = await load([at(1, "p"), at(2, "p"), at(1, "p"), at(1, "q"), at(3, "q")], { validation: 0 });
  assertEquals([statistics.duplicates.rows, statistics.conflicts.rows], [2, 1]);
});

Deno.test("openPreprocessing() cuts only the beginning of a long text, and says that it is truncated", async () => {
  const rows = Array.from(
    { length: 8 },
    (_, at) => ({ subject: "a", body: "b", amount: at, country: "CH", label: `${at % 2}` }),
  );
  const { preprocessing } = await load(rows);
  const { tokenizer } = preprocessing;
  let cut = 0;
  const counting = {
    json: tokenizer,
    cut: (text: string, spans: Spans) => {
      cut += text.length;
      createTokenizer(tokenizer).cut(text, spans);
    },
  };
  const { encode } = createPreprocessing(preprocessing, counting);
  const { tokens, truncated } = encode({ fields: ["b ".repeat(500_000), 1, "a", "CH"] });
  assertEquals([tokens.length, truncated], [preprocessing.maxLength, true]);
  assert(cut < 1000, `${cut} characters`);
});

Deno.test("binOf() finds the bin of a number, at its edges too", () => {
  const edges = [1, 2.5, 10];
  assertEquals([-5, 1, 2, 2.5, 9.9, 10, 1e300, null].map((value) => binOf(edges, value)), [0, 1, 1, 2, 2, 3, 3, 4]);
  const tokens = binTokens({ name: "a", kind: "number", edges }).map(shownToken);
  assertEquals(tokens, ["a: <1", "a: 1…2.5", "a: 2.5…10", "a: ≥10", "a:"]);
  assertEquals(binTokens({ name: "a", kind: "number", edges: [] }).map(shownToken), ["a: any", "a:"]);
});

Deno.test("openPreprocessing() refuses columns that are damaged", async () => {
  const { preprocessing } = await load(Array.from({ length: 8 }, (_, at) => ({
    subject: "a",
    body: "b",
    amount: at,
    country: "CH",
    label: `${at % 2}`,
  })));
  const damaged = (column: object) => () =>
    openPreprocessing({ ...preprocessing, columns: [{ name: "a", kind: "number", ...column }] });
  for (const column of [{ edges: [2, 1] }, { edges: ["1"] }, { kind: "txt" }, { name: 5 }, { more: 1 }]) {
    assertThrows(damaged(column), InputError, "columns[0]");
  }
});
