import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { trainingConfigSchema } from "../../lib/config/schema.ts";
import { type DataSize, textDefaults } from "../../lib/config/text_defaults.ts";

const kind = fc.constantFrom("words", "chars", "codes");
/** Generates sizes of 1 to 10 million rows of 1 to 2,000 tokens, evenly by their logarithms. */
const sizes = fc.tuple(fc.double({ min: 0, max: 7, noNaN: true }), fc.double({ min: 0, max: 3.3, noNaN: true }), kind)
  .map(([rows, length, kind]): DataSize => {
    const count = Math.round(10 ** rows);
    return { rows: count, tokens: Math.round(count * 10 ** length), kind };
  });

Deno.test("textDefaults() gives valid values for any data", () => {
  fc.assert(fc.property(sizes, (data) => {
    const given = textDefaults(data);
    const { success, error } = trainingConfigSchema.safeParse(given);
    assert(success, error?.message);
  }));
});

Deno.test("textDefaults() limits the work to about a minute of two cores, or one narrow epoch", () => {
  fc.assert(fc.property(sizes, (data) => {
    const { epochs, hidden, embedding } = textDefaults(data);
    // Multiplications of a pass over a token: two directions, four gates, inputs and state, forwards and backwards.
    const work = epochs * data.tokens * 3 * 2 * 4 * hidden * (embedding + hidden);
    assert(work <= 2.5e12 || (epochs === 1 && hidden === 32), `${work} for ${JSON.stringify(data)}`);
  }));
});

Deno.test("textDefaults() repeats more data no more often, with a model no wider", () => {
  fc.assert(fc.property(sizes, fc.double({ min: 1, max: 100, noNaN: true }), (data, factor) => {
    const more = { ...data, rows: Math.ceil(data.rows * factor), tokens: Math.ceil(data.tokens * factor) };
    const [small, large] = [textDefaults(data), textDefaults(more)];
    assert(large.hidden <= small.hidden);
    if (large.hidden === small.hidden) assert(large.epochs <= small.epochs, `${small.epochs}, then ${large.epochs}`);
  }));
});

Deno.test("textDefaults() repeats characters and codes at least as often as words", () => {
  fc.assert(fc.property(sizes, (data) => {
    const epochs = (kind: DataSize["kind"]) => textDefaults({ ...data, kind }).epochs;
    assert(epochs("chars") >= epochs("words") && epochs("codes") >= epochs("words"));
  }));
});

for (
  const [name, data, epochs, hidden] of [
    ["50 short texts", { rows: 50, tokens: 500, kind: "words" }, 60, 64],
    ["5,000 questions", { rows: 5000, tokens: 50_000, kind: "words" }, 14, 64],
    ["6,000 sentences", { rows: 6228, tokens: 118_000, kind: "words" }, 6, 64],
    ["18,000 names", { rows: 18_000, tokens: 144_000, kind: "chars" }, 20, 64],
    ["108,000 news items", { rows: 108_000, tokens: 4_900_000, kind: "words" }, 3, 32],
    ["500,000 encyclopaedia entries", { rows: 504_000, tokens: 28_000_000, kind: "words" }, 1, 32],
  ] as const
) {
  Deno.test(`textDefaults() goes ${epochs} times through ${name}`, () => {
    const given = textDefaults(data);
    assertEquals([given.epochs, given.hidden], [epochs, hidden]);
  });
}
