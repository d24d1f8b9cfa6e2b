import { assertEquals, assertStringIncludes } from "@std/assert";
import { rightMoreOften } from "../../../lib/run/learning/acceptance.ts";

const set = (rows: number, before: number, after: number) => ({
  rows,
  before: before / rows,
  after: after / rows,
});

const decide = (old?: ReturnType<typeof set>, born?: ReturnType<typeof set>) =>
  rightMoreOften({ run: "20261129-185618-riwx", ...old && { old }, ...born && { new: born } });

Deno.test("rightMoreOften() accepts a model that is right on more rows of both sets together", () => {
  assertEquals(decide(set(200, 180, 179), set(20, 5, 15)), {
    isBetter: true,
    why: "194 of 220 validation rows are right, before 185",
  });
  assertEquals(decide(set(200, 180, 181)).isBetter, true);
  assertEquals(decide(undefined, set(3, 0, 1)).isBetter, true);
});

Deno.test("rightMoreOften() refuses an equal or a worse model", () => {
  assertEquals(decide(set(200, 180, 178), set(20, 5, 7)).isBetter, false);
  assertEquals(decide(set(200, 180, 177), set(20, 5, 7)).isBetter, false);
  assertEquals(decide(set(200, 200, 200), set(20, 20, 20)).isBetter, false);
});

Deno.test("rightMoreOften() refuses to lose more earlier rows than one standard error, which it names", () => {
  // The standard error of 200 rows at 178 / 200 right is the root of 200 · 0.89 · 0.11, which is 4.42.
  assertEquals(decide(set(200, 180, 176), set(20, 0, 20)).isBetter, true);
  const { isBetter, why } = decide(set(200, 180, 175), set(20, 0, 20));
  assertEquals(isBetter, false);
  assertStringIncludes(why, "195 of 220 validation rows are right, before 180, but 5 fewer of the 200 earlier ones");
});

Deno.test("rightMoreOften() refuses what it cannot compare", () => {
  assertEquals(decide().isBetter, false);
  assertEquals(rightMoreOften({ run: "a", old: { rows: 10, after: 1 }, new: set(10, 0, 10) }).isBetter, false);
});
