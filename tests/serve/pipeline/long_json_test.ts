import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../../lib/base/errors.ts";
import { parseWithDigits } from "../../../lib/formats/json_digits.ts";
import { parseInTurns } from "../../../lib/serve/pipeline/long_json.ts";

/** The things that a parser makes of a text: its value, or that it refuses it. */
async function outcome(parse: () => unknown): Promise<unknown> {
  try {
    return { value: await parse() };
  } catch (error) {
    assert(error instanceof SyntaxError, String(error));
    return "not JSON";
  }
}

const space = fc.constantFrom("", " ", "\n", "\t\r ", "\u00a0", "/**/");
const json = fc.tuple(fc.jsonValue(), fc.constantFrom(0, 1, 2)).map(([value, indent]) =>
  JSON.stringify(value, null, indent)
);
const changed = fc.tuple(
  json,
  fc.nat(),
  fc.constantFrom("", ",", "]", "}", '"', "\\", "0", "-", "e", ":", "[", "{", " "),
)
  .map(([text, at, piece]) => text.slice(0, at % (text.length + 1)) + piece + text.slice(at % (text.length + 1)));
const cut = fc.tuple(json, fc.nat()).map(([text, at]) => text.slice(0, at % (text.length + 1)));
const pieces = fc.array(
  fc.constantFrom(
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    '"a"',
    '"__proto__"',
    "1",
    "-0",
    "01",
    "1.50",
    "1e400",
    "null",
    "tru",
    " ",
  ),
  { maxLength: 12 },
).map((parts) => parts.join(""));
const anyText = fc.tuple(space, fc.oneof(json, changed, cut, pieces, fc.string()), space).map((parts) =>
  parts.join("")
);

Deno.test("parseInTurns() gives what JSON.parse() gives, or refuses what it refuses", async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(anyText, async (text) => {
      const expected = await outcome(() => JSON.parse(text));
      seen.add(typeof expected);
      assertEquals(await outcome(() => parseInTurns(text, false)), expected, text);
      assertEquals(
        JSON.stringify(await outcome(() => parseInTurns(text, true))),
        JSON.stringify(await outcome(() => parseWithDigits(text))),
        text,
      );
    }),
    { numRuns: 5000, seed: 1 },
  );
  assertEquals([...seen].sort(), ["object", "string"]);
});

Deno.test("parseInTurns() keeps the digits of numbers, where they are names of tokens", async () => {
  const value = await parseInTurns('{"tokens": [9007199254740993, 1.0, -0, 7]}', true);
  assertEquals(String(Object(value).tokens), "9007199254740993,1.0,-0,7");
});

Deno.test("parseInTurns() lets others have their turn", async () => {
  const text = `[${"1,".repeat(400_000)}1]`;
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  const value = await parseInTurns(text, false);
  clearInterval(timer);
  assertEquals(Object(value).length, 400_001);
  assert(turns > 0);
});

Deno.test("parseInTurns() refuses depth, keys and parts beyond its limits", async () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  const keys = (count: number) => `{${Array.from({ length: count }, (_, index) => `"${index}":0`)}}`;
  await parseInTurns(nested(64), false);
  await parseInTurns(keys(4096), false);
  for (
    const [text, what] of [
      [nested(65), "too deeply"],
      [keys(4097), "too many keys"],
      [`[${'"a",'.repeat(20_000)}1]`, "too many parts"],
      [`[${"[],".repeat(20_000)}1]`, "too many parts"],
    ] as const
  ) await assertRejects(() => parseInTurns(text, false), InputError, what);
});
