import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { loadData } from "../../../lib/data/load/load.ts";
import type { LoadedData } from "../../../lib/data/load/loaded_data.ts";
import { openPreprocessing } from "../../../lib/data/encode/open_preprocessing.ts";
import type { EncodedTable } from "../../../lib/data/batches/table.ts";
import { placeOf } from "../../../lib/data/encode/table_builder.ts";
import { InputError } from "../../../lib/base/errors.ts";
import { bytesOf, options, pieces, type Some, withFiles } from "../reading.ts";

function load(content: string, some: Some = {}, size = 1 << 16, seed = 1): Promise<LoadedData> {
  return loadData({ ...options(some), sources: ["-"], seed, input: pieces(bytesOf(content), size) });
}

/** Returns the rows of a table, as ids and class. */
function rows({ tokens, offsets, labels }: EncodedTable): { ids: number[]; label: number }[] {
  return Array.from(
    labels,
    (label, row) => ({ ids: Array.from(tokens.subarray(offsets[row], offsets[row + 1])), label }),
  );
}

const idsOf = (table: EncodedTable, row: number) => rows(table)[row]!.ids;

const jsonl = (rows: readonly (readonly [string | readonly (string | number)[], string])[]) =>
  rows.map(([content, label]) =>
    JSON.stringify(typeof content === "string" ? { text: content, label } : { tokens: content, label })
  ).join("\n");

const codes = fc.array(fc.constantFrom("a", "b", "c", "d", "e"), { maxLength: 8 });
const row = fc.tuple(codes, fc.constantFrom("x", "y", "z"));
const data = fc.array(row, { minLength: 4, maxLength: 40 }).filter((rows) =>
  new Set(rows.map(([, label]) => label)).size > 1
);

Deno.test("loadData() keeps tokens that occur once in few rows, and twice in many", async () => {
  const known = async (rows: number) => {
    const content = Array.from({ length: rows }, (_, row) => `again once${row},${row % 2}\n`).join("");
    return (await load(`text,label\n${content}`, { validation: 0 })).statistics.vocabulary.size;
  };
  assertEquals(await known(999), 2 + 1 + 999);
  assertEquals(await known(1000), 2 + 1);
});

Deno.test("loadData() encodes every row once, like a plain implementation", async () => {
  await fc.assert(
    fc.asyncProperty(data, fc.boolean(), async (given, cutsEnd) => {
      const some: Some = {
        validation: 0,
        minCount: 1,
        maxVocabulary: 5,
        maxLength: 4,
        truncate: cutsEnd ? "end" : "start",
      };
      // The plain implementation knows the three most frequent codes, and of equally frequent ones the first.
      const kept = given.map(([codes]) => cutsEnd ? codes.slice(0, 4) : codes.slice(-4));
      const counts = new Map<string, number>();
      for (const [codes] of given) for (const code of codes) counts.set(code, 0);
      for (const code of kept.flat()) counts.set(code, counts.get(code)! + 1);
      const known = [...counts].filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]).slice(0, 3).map(([code]) =>
        code
      );
      if (known.length === 0) return;
      const labels = [...new Set(given.map(([, label]) => label))].sort();
      const expected = given.map(([, label], row) => ({
        ids: kept[row]!.length === 0 ? [1] : kept[row]!.map((code) => known.indexOf(code) + 2 || 1),
        label: labels.indexOf(label),
      }));
      const { training, vocabulary, statistics, ...loaded } = await load(jsonl(given), some);
      assertEquals(rows(training.table), expected);
      assertEquals([loaded.labels, loaded.preprocessing.vocabulary, vocabulary], [labels, known, known.length + 2]);
      assertEquals(training.statistics.truncated, given.filter(([codes]) => codes.length > 4).length);
      assertEquals(training.statistics.empty, given.filter(([codes]) => codes.length === 0).length);
      assertEquals(training.statistics.unknown, expected.flatMap(({ ids }) => ids).filter((id) => id === 1).length);
      assertEquals(statistics.lengths.max, Math.max(...given.map(([codes]) => codes.length)));
    }),
    { numRuns: 200 },
  );
});

Deno.test("loadData() returns the same for any chunks, and another split for another seed", async () => {
  const content = jsonl(Array.from({ length: 300 }, (_, i) => [`word${i % 37} and word${i % 11}`, i % 3 ? "x" : "y"]));
  const first = await load(content);
  const again = await load(content, {}, 97);
  assertEquals(again, first);
  const other = await load(content, {}, 1 << 16, 2);
  assertNotEquals(other.validation?.places.lines, first.validation?.places.lines);
  assertEquals(other.statistics.digest, first.statistics.digest);
});

Deno.test("loadData() puts every row in one set, and builds the vocabulary from training rows only", async () => {
  const content = jsonl(Array.from({ length: 200 }, (_, i) => [`only${i} common`, i % 4 ? "x" : "y"]));
  const { training, validation, preprocessing, statistics } = await load(content, { minCount: 1 });
  const lines = [...training.places.lines, ...validation!.places.lines].sort((a, b) => a - b);
  assertEquals(lines, Array.from({ length: 200 }, (_, i) => i + 1));
  assertEquals([training.table.labels.length, validation!.table.labels.length], [180, 20]);
  assertEquals(placeOf(training.places, 0), `standard input:${training.places.lines[0]}`);
  assertEquals(preprocessing.vocabulary.length, 181);
  for (const line of validation!.places.lines) assert(!preprocessing.vocabulary.includes(`only${line - 1}`));
  for (const { ids } of rows(validation!.table)) assertEquals(ids[0], 1);
  assertEquals(validation!.statistics.unknown, 20);
  assertEquals(statistics.classes, [
    { label: "x", training: 135, validation: 15, test: 0 },
    { label: "y", training: 45, validation: 5, test: 0 },
  ]);
  assert(training.table.tokens.buffer instanceof SharedArrayBuffer);
});

Deno.test("loadData() chooses a length that 99% of the training rows do not exceed, at most 256", async () => {
  const row = (length: number, label: string) => [Array.from({ length }, () => 1), label] as const;
  const short = Array.from({ length: 99 }, (_, i) => row(5 + i % 6, i % 2 ? "x" : "y"));
  assertEquals((await load(jsonl([...short, row(900, "x")]), { validation: 0 })).maxLength, 10);
  assertEquals((await load(jsonl([row(900, "x"), row(900, "y")]), { validation: 0 })).maxLength, 256);
});

Deno.test("loadData() reports places of duplicates, conflicts and leaks, and compares whole rows", async () => {
  const files = {
    "train.jsonl": jsonl([["a b", "x"], ["A  b", "x"], ["a b", "y"], ["c d", "y"], ["", "x"], ["", "y"]]),
    "valid.jsonl": jsonl([["c d", "y"], ["e f", "x"], ["a B", "x"]]),
    "test.jsonl": jsonl([["a b c", "x"]]),
  };
  await withFiles(files, async (folder) => {
    const path = (name: string) => `${folder}/${name}.jsonl`;
    const some = options({ validation: path("valid"), test: path("test"), minCount: 1, maxLength: 2 });
    const { statistics, test } = await loadData({ ...some, sources: [path("train")], seed: 1 });
    const pair = (file: string, line: number, label: string, other: number, sameLabel: string) => ({
      place: `${path(file)}:${line}`,
      sameAs: `${path("train")}:${other}`,
      label,
      sameLabel,
    });
    const [copy, conflict] = [pair("train", 2, "x", 1, "x"), pair("train", 3, "y", 1, "x")];
    assertEquals(statistics.duplicates, { rows: 2, examples: [copy, conflict] });
    assertEquals(statistics.conflicts, { rows: 1, examples: [conflict] });
    assertEquals(statistics.leaks, {
      validation: { rows: 2, examples: [pair("valid", 1, "y", 4, "y"), pair("valid", 3, "x", 1, "x")] },
      test: { rows: 0, examples: [] },
    });
    assertEquals(rows(test!.table), [{ ids: [2, 3], label: 0 }]);
    assertEquals(statistics.sources.map(({ role }) => role), ["training", "validation", "test"]);
  });
});

Deno.test("loadData() finds the leaks of its own split", async () => {
  const labelAt = (line: number) => line % 2 ? "y" : "x";
  const content = jsonl(Array.from({ length: 100 }, (_, i) => [`row ${i % 50}`, labelAt(i + 1)]));
  const { statistics, validation, training } = await load(content);
  const inTraining = new Set(Array.from(training.places.lines, (line) => (line - 1) % 50));
  const leaks = Array.from(validation!.places.lines).filter((line) => inTraining.has((line - 1) % 50));
  assertEquals(statistics.leaks.validation?.rows, leaks.length);
  assert(leaks.length > 0);
  for (const { place, sameAs, ...labels } of statistics.leaks.validation!.examples) {
    const [line, other] = [place, sameAs].map((text) => Number(text.split(":")[1]));
    assert(leaks.includes(line!) && training.places.lines.includes(other!));
    assertEquals(labels, { label: labelAt(line!), sameLabel: labelAt(other!) });
  }
});

Deno.test("loadData() sorts labels, numbers by value, and warns if they differ only in case", async () => {
  assertEquals(
    (await load(jsonl(["10", "9", "-1"].map((label) => [["a"], label] as const)), { validation: 0, minCount: 1 }))
      .labels,
    ["-1", "9", "10"],
  );
  const { labels, statistics } = await load(jsonl([["a", "Spam"], ["a", " spam "], ["b", "ham"]]), { validation: 0 });
  assertEquals(labels, ["Spam", "ham", "spam"]);
  assertEquals(statistics.warnings, ['labels "Spam" and "spam" differ only in case or spacing']);
});

Deno.test("loadData() normalizes texts, tokens and labels, and warns of characters it drops", async () => {
  const rows = [["pâté", "préféré"], ["pa\u0302te\u0301", "pre\u0301fe\u0301re\u0301"], [["pâ\u00ADté"], "bad\u200B"], [
    "x",
    "bad",
  ]];
  const content = rows.map(([text, label]) =>
    JSON.stringify({ [typeof text === "string" ? "text" : "tokens"]: text, label })
  );
  const some: Some = { validation: 0, minCount: 1 };
  const { labels, training, preprocessing, statistics } = await load(content.join("\n"), some);
  assertEquals([labels, preprocessing.vocabulary, preprocessing.rules], [["bad", "préféré"], ["pâté", "x"], 2]);
  assertEquals(Array.from(training.table.labels, (_, row) => idsOf(training.table, row)), [[2], [2], [2], [3]]);
  assertEquals(statistics.warnings, [
    "standard input:3 has invisible characters in its label, which are ignored",
  ]);
  const first = await loadData({
    ...options(some),
    sources: ["-"],
    seed: 1,
    rules: 1,
    input: pieces(bytesOf(content.join("\n")), 99),
  });
  assertEquals([first.labels.length, first.preprocessing.vocabulary.length], [4, 4]);
  assertEquals(Object.keys(first.preprocessing), ["tokenizer", "vocabulary", "maxLength", "truncate"]);
});

const odd: [what: string, labels: readonly string[], warnings: readonly string[]][] = [
  ["joiners", ["a\u200Cb", "ab", "x"], ['labels "ab" and "a\u200Cb" differ only in invisible characters']],
  ["forms of characters", ["ﬁne", "fine", "x"], [
    'labels "fine" and "ﬁne" look alike: they differ only in the form of some characters',
  ]],
  ["ways to write a number", ["1", "1.0", "2"], ['labels "1" and "1.0" are the same number']],
  ["many digits", ["12345678901234567890", "12345678901234567891"], []],
  ["a name for a missing value", ["nan", "x"], [
    '5 rows have the label "nan": is it a class, or a missing value?',
  ]],
  ["quotes", ['"good"', "x"], ['the label "\\"good\\"" includes quotes: is there a space before them?']],
];
for (const [what, labels, warnings] of odd) {
  Deno.test(`loadData() warns of suspicious labels: ${what}`, async () => {
    const content = Array.from(
      { length: 5 * labels.length },
      (_, i) => [`a ${i}`, labels[i % labels.length]!] as const,
    );
    assertEquals((await load(jsonl(content), { validation: 0 })).statistics.warnings, warnings);
  });
}

Deno.test("loadData() warns of a label with only one row", async () => {
  const content = Array.from({ length: 400 }, (_, i) => [`a ${i}`, i === 39 ? "60" : i % 2 ? "x" : "y"] as const);
  assertEquals((await load(jsonl(content))).statistics.warnings, ['the label "60" has only one row']);
});

Deno.test("loadData() stops at bad rows, or counts, lists and skips them", async () => {
  const content = "text,label\na,x\nb\na,y\nc,\na,x\n";
  const error = await assertRejects(() => load(content), InputError);
  assertEquals(error.problems.map(({ field }) => field), ["standard input:3", "standard input:5"]);
  const { statistics, training } = await load(content, { onBadRow: "skip", validation: 0 });
  assertEquals([statistics.bad.rows, training.statistics.rows], [2, 3]);
  assertEquals(statistics.bad.first[0], "standard input:3 has 1 field, expected 2 (text, label)");
});

const refused: [what: string, content: string, words: string, some?: Some][] = [
  ["only a header", "text,label\n", "there are no rows"],
  ["only bad rows", "text,label\na\n", "there are no rows", { onBadRow: "skip" }],
  ["one row", "text,label\na,x\n", "the only row has the label"],
  ["one class", "text,label\na,x\nb,x\n", "all 2 rows have the label"],
  [
    "a label for each row",
    `text,label\n${Array.from({ length: 300 }, (_, i) => `a,${i}\n`).join("")}`,
    "300 different labels",
  ],
  ["rows of one for each class", "text,label\na,x\na,y\n", "so the validation set is empty"],
  ["only empty texts", "text,label\n,x\n,y\n,x\n,y\n", 'Is "text" the column of texts?', {}],
  ["tokens that all occur once", "text,label\na,x\nb,y\n", "Set `minCount` to 1", { validation: 0, minCount: 2 }],
];
for (const [what, content, words, some] of refused) {
  Deno.test(`loadData() refuses ${what}`, async () => {
    await assertRejects(() => load(content, some), InputError, words);
  });
}

Deno.test("loadData() reports a validation row of a class without training rows", async () => {
  const files = { "a.csv": "text,label\na,ham\na,spam\n", "v.csv": "text,label\na,ham\na,spma\n" };
  await withFiles(files, async (folder) => {
    const some = options({ validation: `${folder}/v.csv` });
    const error = await assertRejects(() => loadData({ ...some, sources: [`${folder}/a.csv`], seed: 1 }), InputError);
    assertEquals(error.problems, [{
      field: `${folder}/v.csv:3`,
      message: `${folder}/v.csv:3 has the label "spma", which no training row has: did you mean "spam"?`,
    }]);
  });
});

Deno.test("loadData() warns of several labels that only evaluation rows have, and counts them", async () => {
  const train = "__label__a __label__b one\n__label__a two\n__label__b one two\n__label__a three\n";
  const files = {
    "a.txt": train,
    "v.txt": "__label__a one\n__label__c __label__a __label__d two\n__label__c three\nfour\n",
  };
  await withFiles(files, async (folder) => {
    const some = options({ validation: `${folder}/v.txt` });
    const { labels, validation, statistics } = await loadData({ ...some, sources: [`${folder}/a.txt`], seed: 1 });
    assertEquals([labels, [...validation!.table.labels]], [["a", "b"], [0, 0]]);
    assertEquals([...validation!.table.labelOffsets!, ...validation!.table.unseen!], [0, 1, 2, 2, 2, 0, 2, 1, 0]);
    const [warning] = statistics.warnings;
    const label = 'has the label "c", which no training row has: it counts as missed (and 2 more such rows)';
    assertEquals(warning, `${folder}/v.txt:2 ${label}`);
  });
});

Deno.test("openPreprocessing() of the saved JSON returns the ids of training", async () => {
  const texts = Array.from({ length: 60 }, (_, i) => `It's No. ${i % 9}, ${"très ".repeat(i % 13)}漢字 👍`);
  for (
    const some of [{}, { tokenizer: "chars", truncate: "start" }, { tokenizer: "codes", lowercase: false }] as Some[]
  ) {
    const loaded = await load(jsonl(texts.map((text, i) => [text, i % 2 ? "x" : "y"])), {
      ...some,
      validation: 0,
      maxLength: 9,
    });
    const preprocessing = openPreprocessing(JSON.parse(JSON.stringify(loaded.preprocessing)));
    assertEquals([preprocessing.vocabulary, preprocessing.maxLength], [loaded.vocabulary, loaded.maxLength]);
    const encoded = texts.map((text) => preprocessing.encode(text));
    assertEquals(encoded.map(({ tokens }) => Array.from(tokens)), rows(loaded.training.table).map(({ ids }) => ids));
    assertEquals(encoded.filter(({ truncated }) => truncated).length, loaded.training.statistics.truncated);
  }
});

Deno.test("loadData() uses codes if all rows are lists, unless a tokenizer is named", async () => {
  const lists = jsonl([[["add-to-cart", "Pay:card"], "x"], [["pay:card", "add-to-cart"], "y"]]);
  const kindOf = async (content: string, some: Some = {}) => {
    const { preprocessing } = await load(content, { validation: 0, minCount: 1, ...some });
    const { encode } = openPreprocessing(preprocessing);
    const { kind } = preprocessing.tokenizer;
    return [kind, encode("add-to-cart Pay:card").unknownShare, encode(["add-to-cart", "Pay:card"]).unknownShare];
  };
  assertEquals(await kindOf(lists), ["codes", 0, 0]);
  assertEquals(await kindOf(lists, { tokenizer: "words" }), ["words", 1, 0]);
  assertEquals((await kindOf(`${lists}\n${jsonl([["a text", "x"]])}`))[0], "words");
  assertEquals((await kindOf(jsonl([["add-to-cart", "x"], ["pay:card", "y"]])))[0], "words");
  await withFiles({ "test.csv": "text,label\nadd-to-cart ?,x\n" }, async (folder) => {
    const { test } = await load(lists, { validation: 0, minCount: 1, test: `${folder}/test.csv` });
    assertEquals([test!.statistics.tokens, test!.statistics.unknown], [2, 1]);
  });
});

Deno.test("openPreprocessing() reports unknown tokens and cuts, and accepts lists of tokens", () => {
  const json = {
    tokenizer: { kind: "words", lowercase: true, punctuation: "drop" },
    vocabulary: ["a", "b"],
    maxLength: 4,
    truncate: "start",
  };
  const { encode, decode } = openPreprocessing(json);
  const encoded = (input: Parameters<typeof encode>[0]) => {
    const { unknown: _, ...rest } = encode(input);
    return rest;
  };
  assertEquals(encoded("A b, x"), { tokens: Int32Array.of(2, 3, 1), unknownShare: 1 / 3, truncated: false });
  assertEquals(encoded("x x a a b b"), { tokens: Int32Array.of(2, 2, 3, 3), unknownShare: 0, truncated: true });
  assertEquals(encoded(" !"), { tokens: Int32Array.of(1), unknownShare: 1, truncated: false });
  assertEquals(encoded(["a", 7, "A"]), { tokens: Int32Array.of(2, 1, 1), unknownShare: 2 / 3, truncated: false });
  assertEquals(decode([2, 3, 1, 0, 9]), ["a", "b", undefined, undefined, undefined]);
});

Deno.test("openPreprocessing() refuses invalid JSON, and names the field", () => {
  for (const json of [undefined, {}, { tokenizer: { kind: "bert" } }, []]) {
    let error: unknown;
    try {
      openPreprocessing(json);
    } catch (thrown) {
      error = thrown;
    }
    assert(error instanceof InputError && error.problems[0]!.field.startsWith("preprocessing"));
  }
});
