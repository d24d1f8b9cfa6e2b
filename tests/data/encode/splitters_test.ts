import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { openSplitter, type Splitter } from "../../../lib/data/encode/splitters.ts";
import { InputError } from "../../../lib/base/errors.ts";
import { inspectData, loadData } from "../../../lib/data/load/load.ts";
import { placeOf } from "../../../lib/data/encode/table_builder.ts";
import { bytesOf, options, pieces, type Some } from "../reading.ts";

function splitter(columns: { groupColumn?: string; timeColumn?: string }, values: readonly string[]): Splitter {
  const opened = openSplitter({ groupColumn: "", timeColumn: "", validation: 0.1, ...columns })!;
  for (const value of values) assertEquals(opened.add(value), undefined);
  return opened;
}

const ones = (split: Uint8Array) => split.reduce((sum, value) => sum + value, 0);

const row = fc.record({ group: fc.integer({ min: 0, max: 30 }), label: fc.integer({ min: 0, max: 2 }) });

Deno.test("openSplitter() by groups has no group on both sides, whatever the order of the rows", () => {
  fc.assert(fc.property(fc.array(row, { minLength: 1, maxLength: 120 }), fc.nat(1000), (rows, seed) => {
    const splitOf = (rows: readonly { group: number; label: number }[]) => {
      const labels = Uint16Array.from(rows, ({ label }) => label);
      const own = splitter({ groupColumn: "g" }, rows.map(({ group }) => `g${group}`));
      const split = own.split(labels, 3, 0.3, seed);
      return { split, facts: own.describe(split), sides: new Map(rows.map(({ group }, at) => [group, split[at]])) };
    };
    const { split, facts, sides } = splitOf(rows);
    assertEquals(facts.groups?.shared, 0);
    rows.forEach(({ group }, at) => assertEquals(split[at], sides.get(group)));
    assertEquals(splitOf(rows.toReversed()).sides, new Map([...sides]));
    for (let label = 0; label < 3; label++) {
      const own = rows.flatMap((row, at) => row.label === label ? [split[at]!] : []);
      assert(own.length === 0 || own.includes(0), `class ${label} has no training row`);
    }
  }));
});

Deno.test("openSplitter() by groups meets the share of all rows and of each class where groups allow", () => {
  // 200 groups of 1 to 9 rows, each of one class: a quarter of the groups has the second class.
  const groups = Array.from(
    { length: 200 },
    (_, group) => ({ group, rows: 1 + (group * 7) % 9, label: +(group % 4 < 1) }),
  );
  const rows = groups.flatMap(({ group, rows, label }) => Array.from({ length: rows }, () => ({ group, label })));
  const labels = Uint16Array.from(rows, ({ label }) => label);
  for (const share of [0.1, 0.25]) {
    const split = splitter({ groupColumn: "g" }, rows.map(({ group }) => `${group}`)).split(labels, 2, share, 1);
    assert(Math.abs(ones(split) - share * rows.length) <= 2, `${ones(split)} of ${rows.length}`);
    const second = labels.reduce((sum, label) => sum + label, 0);
    const drawn = labels.reduce((sum, label, at) => sum + label * split[at]!, 0);
    assert(Math.abs(drawn - share * second) <= 4, `${drawn} of ${second}`);
  }
});

Deno.test("openSplitter() by time takes the newest rows, and keeps equal times together", () => {
  const times = ["2024-01-03", "2024-01-01", "2024-01-04", "2024-01-04", "2024-01-02", "2024-01-04"];
  const split = (share: number) => [...splitter({ timeColumn: "t" }, times).split(new Uint16Array(6), 1, share, 1)];
  assertEquals(split(0.1), [0, 0, 1, 1, 0, 1]);
  assertEquals(split(0.6), [1, 0, 1, 1, 0, 1]);
  assertEquals(split(0.9), [1, 0, 1, 1, 1, 1]);
  assertEquals(ones(splitter({ timeColumn: "t" }, ["5", "5"]).split(new Uint16Array(2), 1, 0.5, 1)), 0);
  // As numbers, not as texts.
  assertEquals([...splitter({ timeColumn: "t" }, ["9", "10"]).split(new Uint16Array(2), 1, 0.5, 1)], [0, 1]);
});

const csv = (rows: readonly string[]) => `text,label,who,when\n${rows.join("\n")}\n`;
const tickets = (count: number) =>
  Array.from({ length: count }, (_, at) => `word${at % 7} x,${at % 2},c${at % 10},2024-01-${10 + at % 20}`);

const load = (content: string, some: Some) =>
  loadData({ ...options(some), sources: ["-"], seed: 1, input: pieces(bytesOf(content), 1 << 16) });

Deno.test("loadData() splits CSV and JSON lines alike by groups, and tells what a random split hides", async () => {
  const rows = tickets(100);
  const json = rows.map((row) => {
    const [text, label, who, when] = row.split(",");
    return JSON.stringify({ text, label, who, when });
  }).join("\n");
  const places = [];
  for (const content of [csv(rows), json]) {
    const { statistics, validation } = await load(content, { groupColumn: "who", validation: 0.2 });
    assertEquals(statistics.split?.groups, { training: 8, validation: 2 });
    assertEquals(statistics.split?.random, { rows: 20, leaks: 20, shared: 20 });
    const header = content.startsWith("text") ? 1 : 0;
    places.push(Array.from(validation!.table.labels, (_, row) => validation!.places.lines[row]! - header));
    const groups = new Set(places.at(-1)!.map((line) => (line - 1) % 10));
    assertEquals(groups.size, 2);
  }
  assertEquals(places[0], places[1]);
});

Deno.test("loadData() takes the newest rows by a column of times", async () => {
  const { statistics, validation } = await load(csv(tickets(100)), { timeColumn: "WHEN", validation: 0.2 });
  assertEquals(statistics.split?.from, "2024-01-26");
  assertEquals(validation!.statistics.rows, 20);
  assertEquals(placeOf(validation!.places, 0), "standard input:18");
});

Deno.test("inspectData() names rows without a group or time, and classes of only the newest rows", async () => {
  const problems = async (content: string, some: Some) => {
    try {
      const input = pieces(bytesOf(content), 1 << 16);
      const { refusals } = await inspectData({ ...options(some), sources: ["-"], seed: 1, input }, true);
      return refusals.map(({ message }) => message).join("\n");
    } catch (error) {
      if (error instanceof InputError) return error.message;
      throw error;
    }
  };
  const rows = tickets(30);
  const refused = async (bad: string, some: Some, expected: RegExp) =>
    assertMatch(await problems(csv([...rows, bad]), some), expected);
  await refused("a,1,,2024-01-01", { groupColumn: "who" }, /input:32 has no value for "who", expected the group/);
  await refused("a,1,c,2024-02-30", { timeColumn: "when" }, /input:32 has "2024-02-30" for "when", expected a date/);
  await refused(
    "a,1,c,17",
    { timeColumn: "when" },
    /input:32 has "17" for "when", expected a date, as in the rows before/,
  );
  await refused("a,1,c,2024-01-01", { groupColumn: "whom" }, /no column "whom", only .*Did you mean "who"\?/);
  await refused("a,new,c,2025-01-01", { timeColumn: "when" }, /label "new" only occurs from 2024-01-2\d on/);
  const same = rows.map((row) => row.replace(/[^,]*$/, "2024-01-01"));
  assertMatch(await problems(csv(same), { timeColumn: "when" }), /all rows have the same "when"/);
  const alone = rows.map((row, at) => row.replace(/,c\d+,/, `,c${at % 2},`));
  assertMatch(await problems(csv(alone), { groupColumn: "who" }), /every group of "who" has the only rows of a class/);
  assertMatch(
    await problems("__label__x a\n__label__y b\n", { groupColumn: "who" }),
    /fastText lines have no column "who"/,
  );
});
