import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseWithDigits, WrittenNumber } from "../../lib/formats/json_digits.ts";

/** Places where a number may stand in JSON. */
const places = [(number: string) => number, (n: string) => `[${n}]`, (n: string) => `{"a": ${n} , "b":[0,${n}]}`];

function written(value: unknown): unknown {
  if (value instanceof WrittenNumber) return String(value);
  if (Array.isArray(value)) return value.map(written);
  if (typeof value !== "object" || value === null) return typeof value === "number" ? String(value) : value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, written(one)]));
}

Deno.test("parseWithDigits() keeps the digits of numbers, and otherwise equals JSON.parse()", () => {
  const digits = fc.stringMatching(/^(0|[1-9][0-9]{0,22})$/);
  const number = fc.tuple(
    fc.constantFrom("", "-"),
    digits,
    fc.option(fc.stringMatching(/^[0-9]{1,4}$/)),
    fc.option(fc.stringMatching(/^[eE][+-]?[0-9]{1,2}$/)),
  ).map(([sign, whole, fraction, exponent]) => `${sign}${whole}${fraction ? `.${fraction}` : ""}${exponent ?? ""}`);
  fc.assert(
    fc.property(number, fc.constantFrom(...places.slice(1)), (number, place) => {
      const strings = JSON.parse(place(`"${number}"`).replaceAll(",0", ',"0"').replace("[0,", '["0",'));
      assertEquals(written(parseWithDigits(place(number))), strings);
    }),
    { numRuns: 2000 },
  );
  fc.assert(fc.property(fc.json(), (text) => {
    assertEquals(JSON.stringify(parseWithDigits(text)), JSON.stringify(JSON.parse(text)));
  }));
});
