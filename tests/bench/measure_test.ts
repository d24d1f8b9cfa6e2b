import { assert, assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import {
  alternate,
  expectedSeconds,
  isOver,
  LEAST_STEPS,
  median,
  quantile,
  quartiles,
  ratioOf,
  stagesOf,
} from "../../bench/measure.ts";

Deno.test("median() is the middle value, or the mean of the two in the middle", () => {
  assertEquals(median([7]), 7);
  assertEquals(median([9, 1, 4]), 4);
  assertEquals(median([8, 1, 2, 4]), 3);
});

Deno.test("median() does not change or keep its input's order", () => {
  const values = [3, 1, 2];
  median(values);
  assertEquals(values, [3, 1, 2]);
});

Deno.test("quartiles() are those of numpy's default, linear between neighbours", () => {
  assertEquals(quartiles([1, 2, 3, 4, 5]), [2, 4]);
  assertEquals(quartiles([10, 1, 2, 4]), [1.75, 5.5]);
});

Deno.test("quantile() throws a RangeError where there are no values", () => {
  assertThrows(() => quantile([], 0.5), RangeError);
});

Deno.test("median() has at most half of all values on either side", () => {
  fc.assert(fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
    const middle = median(values);
    assert(values.filter((value) => value < middle).length <= values.length / 2);
    assert(values.filter((value) => value > middle).length <= values.length / 2);
  }));
});

Deno.test("ratioOf() divides medians, and takes its quartiles over pairs in order", () => {
  const { ratio, paired, quartiles } = ratioOf([10, 30, 20], [1, 2, 5]);
  assertEquals(paired, 10);
  assertEquals(ratio, 20 / 2);
  assertEquals(quartiles, [7, 12.5]); // The pairs have 4, 10 and 15.
});

Deno.test("ratioOf() compares as many pairs as the shorter side has values", () => {
  assertEquals(ratioOf([6], [2, 3, 100]), { ratio: 2, paired: 3, quartiles: [3, 3] });
  assertEquals(ratioOf([6, 8, 100], [2]), { ratio: 4, paired: 3, quartiles: [3, 3] });
});

Deno.test("alternate() gives each thing a turn before any gets the next", async () => {
  const turns: string[] = [];
  await alternate(["a", "b", "c"], 2, (thing, repeat) => {
    turns.push(`${thing}${repeat}`);
    return Promise.resolve(true);
  });
  assertEquals(turns, ["a0", "b0", "c0", "a1", "b1", "c1"]);
});

Deno.test("alternate() gives no further turn to a thing that declines it", async () => {
  const turns: string[] = [];
  await alternate(["a", "b"], 3, (thing, repeat) => {
    turns.push(`${thing}${repeat}`);
    return Promise.resolve(thing === "a" || repeat < 1);
  });
  assertEquals(turns, ["a0", "b0", "a1", "b1", "a2"]);
});

Deno.test("isOver() requires both the seconds and the steps, counted from the start of the stage", () => {
  const stage = { seconds: 2, steps: 3 };
  const since = { seconds: 10, steps: 5 };
  assertEquals(isOver(stage, since, { seconds: 12, steps: 8 }), true);
  assertEquals(isOver(stage, since, { seconds: 11.9, steps: 100 }), false);
  assertEquals(isOver(stage, since, { seconds: 100, steps: 7 }), false);
});

Deno.test("expectedSeconds() is the stages' own time for fast steps and the steps' for slow ones", () => {
  const stages = stagesOf(4, 60);
  assertEquals(expectedSeconds(stages, 0), 5);
  assertEquals(expectedSeconds(stages, 30), 30 + LEAST_STEPS * 30);
});

Deno.test("stagesOf() has a limit after the earliest end of the measured stage", () => {
  assert(stagesOf(100, 60).limitSeconds > 125);
  assert(stagesOf(1, 60, 100).limitSeconds > 101);
  assertEquals(stagesOf(1, 60).limitSeconds, 60);
});
