import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Table } from "../../lib/report/table.ts";

/** Makes a table with two positions and a value. */
function table(limit: number): Table {
  return new Table(3, 2, limit);
}

Deno.test("Table keeps every row until it is full", () => {
  const rows = table(4);
  for (let x = 1; x <= 4; x++) rows.push([x, 10 * x, 100 * x]);
  assertEquals([...rows.column(0)], [1, 2, 3, 4]);
  assertEquals([...rows.column(1)], [10, 20, 30, 40]);
  assertEquals([...rows.column(2)], [100, 200, 300, 400]);
});

Deno.test("Table merges neighbours when it is full: last position, mean value", () => {
  const rows = table(4);
  for (let x = 1; x <= 5; x++) rows.push([x, 10 * x, 100 * x]);
  assertEquals([...rows.column(0)], [2, 4, 5]);
  assertEquals([...rows.column(1)], [20, 40, 50]);
  assertEquals([...rows.column(2)], [150, 350, 500]);
  rows.push([6, 60, 600]);
  assertEquals([...rows.column(0)], [2, 4, 6]);
  assertEquals([...rows.column(2)], [150, 350, 550]);
});

Deno.test("Table stays within its limit and keeps the mean of 100,000 rows", () => {
  const limit = 64;
  const rows = table(limit);
  let sum = 0;
  for (let x = 1; x <= 2 ** 17; x++) {
    const value = Math.sin(x) + x / 1000;
    sum += value;
    rows.push([x, x, value]);
    assert(rows.length <= limit);
  }
  const values = rows.column(2);
  // 2^17 rows fill whole rows of equal weight, so that the mean of the means is the mean.
  assertAlmostEquals(values.reduce((a, b) => a + b, 0) / values.length, sum / 2 ** 17, 1e-9);
  const positions = rows.column(0);
  for (let row = 1; row < rows.length; row++) assert((positions[row] ?? 0) > (positions[row - 1] ?? 0));
  assertEquals(rows.last(0), 2 ** 17);
});

Deno.test("Table leaves unknown values out of its means", () => {
  const rows = table(2);
  for (const [x, y] of [[1, NaN], [2, 5], [3, NaN], [4, 9]]) rows.push([x ?? 0, 0, y ?? NaN]);
  assertEquals([...rows.column(2)], [5, 9]);
});

Deno.test("Table.push() drops the rows from a repeated position on", () => {
  const rows = table(8);
  for (const x of [1, 2, 3, 4]) rows.push([x, x, 1]);
  rows.push([3, 5, 7]);
  assertEquals([...rows.column(0)], [1, 2, 3]);
  assertEquals([...rows.column(2)], [1, 1, 7]);
});

Deno.test("Table.cut() starts a new row after merged ones", () => {
  const rows = table(4);
  for (let x = 1; x <= 7; x++) rows.push([x, x, x]);
  assertEquals([...rows.column(0)], [2, 4, 6, 7]);
  rows.cut(5);
  rows.push([5, 5, 50]);
  assertEquals([...rows.column(0)], [2, 4, 5]);
  assertEquals([...rows.column(2)], [1.5, 3.5, 50]);
});

Deno.test("Table refuses a limit that cannot be halved", () => {
  assertThrows(() => table(5), RangeError, "limit of a table is 5");
});
