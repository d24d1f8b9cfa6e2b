import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../../lib/base/errors.ts";
import { LeastSureFirst } from "../../../lib/predict/table/least_sure_first.ts";

Deno.test("LeastSureFirst sorts by confidence, and keeps the order of equal rows", () => {
  const rows = new LeastSureFirst();
  for (const [confidence, text] of [[0.5, "b"], [Infinity, "e"], [0.1, "a"], [0.5, "c"], [Infinity, "f"]] as const) {
    rows.add(confidence, text);
  }
  assertEquals([...rows.texts()].join(""), "abcef");
});

Deno.test("LeastSureFirst refuses more characters than may be kept in memory", () => {
  const rows = new LeastSureFirst(5);
  rows.add(1, "12345");
  assertThrows(() => rows.add(1, "6"), InputError, "The rows have more than 5 characters");
});
