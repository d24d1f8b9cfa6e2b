import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { UncertainInputs } from "../../lib/predict/uncertain.ts";
import type { Prediction } from "../../lib/predict/types.ts";

const labels = ["a", "b", "c"];
const predict = (...probabilities: number[]): Prediction => ({ class: 0, label: "a", probabilities });
const answer = (...predictions: Prediction[]) => ({ digest: "d1", predictions });
const texts = (inputs: UncertainInputs) => inputs.list(100).map(({ row }) => row.text);

Deno.test("UncertainInputs keeps the inputs with the smallest margin, the least sure first", () => {
  fc.assert(fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 1000 }), { maxLength: 40 }), (margins) => {
    const inputs = new UncertainInputs({ most: 5, labels });
    for (const margin of margins) {
      const second = (1 - margin / 1000) / 2;
      inputs.observe([`text ${margin}`], answer(predict(second + margin / 1000, second, 0)));
    }
    const expected = margins.toSorted((a, b) => a - b).slice(0, 5).map((margin) => `text ${margin}`);
    assertEquals(texts(inputs), expected);
  }));
});

Deno.test("UncertainInputs keeps an input once, with its most probable labels and its digest", () => {
  const inputs = new UncertainInputs({ most: 5, labels });
  inputs.observe(["x", "x"], answer(predict(0.25, 0.5, 0.25), predict(0.25, 0.5, 0.25)));
  assertEquals(inputs.list(5), [{
    row: { text: "x" },
    label: "a",
    probabilities: [
      { label: "b", probability: 0.5 },
      { label: "a", probability: 0.25 },
      { label: "c", probability: 0.25 },
    ],
    digest: "d1",
    margin: 0.25,
  }]);
});

Deno.test("UncertainInputs measures several labels by the one nearest to a half", () => {
  const inputs = new UncertainInputs({ most: 5, labels });
  const several = (...probabilities: number[]): Prediction => ({ class: null, label: null, labels: [], probabilities });
  inputs.observe(
    ["sure", "unsure", "unknown"],
    answer(several(0.99, 0.01, 0.02), several(0.99, 0.4, 0.02), several()),
  );
  assertEquals(texts(inputs), ["unsure", "sure"]);
});

Deno.test("UncertainInputs replaces what is redacted in texts, tokens and fields", () => {
  const columns = [{ name: "subject", kind: "text" }, { name: "amount", kind: "number" }] as const;
  const inputs = new UncertainInputs({ most: 5, labels, columns, redact: /\d{4,}|\S+@\S+/gu });
  const one = predict(0.5, 0.5, 0);
  inputs.observe(
    ["card 12345678 of ann@example.org", ["card", "123456"], { fields: ["mail bob@example.org", 12345] }],
    answer(one, one, one),
  );
  assertEquals(inputs.list(5).map(({ row }) => row), [
    { text: "card … of …" },
    { tokens: ["card", "…"] },
    { subject: "mail …", amount: 12345 },
  ]);
});

Deno.test("UncertainInputs bounds the characters that it keeps", () => {
  const inputs = new UncertainInputs({ most: 10_000, labels });
  inputs.observe(["x".repeat(30_000)], answer(predict(0.5, 0.5, 0)));
  assertEquals(inputs.size, 0);
  for (let at = 0; at < 1200; at++) {
    inputs.observe([`${at} ${"x".repeat(19_000)}`], answer(predict(0.5 + at / 10_000, 0.5 - at / 10_000, 0)));
  }
  const kept = inputs.list(10_000);
  assertEquals(kept[0]!.row.text, `0 ${"x".repeat(19_000)}`);
  assertEquals(kept.reduce((sum, { row }) => sum + String(row.text).length, 0) <= 20_000_000, true);
  assertEquals(kept.length > 1000, true);
});

Deno.test("UncertainInputs keeps the labels of an answer that may have several", () => {
  const inputs = new UncertainInputs({ most: 5, labels });
  const given = labels.slice(0, 2).map((label) => ({ label, probability: 0.6 }));
  inputs.observe(["x"], answer({ class: null, label: null, labels: given, probabilities: [0.6, 0.6, 0.1] }));
  inputs.observe(["y"], answer(predict(0.4, 0.3, 0.3)));
  assertEquals(inputs.list(2).map((input) => input.labels), [undefined, labels.slice(0, 2)]);
});

Deno.test("UncertainInputs forgets one input, or all", () => {
  const inputs = new UncertainInputs({ most: 5, labels });
  inputs.observe(["x", "y", "z"], answer(predict(0.4, 0.3, 0.3), predict(0.5, 0.3, 0.2), predict(0.6, 0.3, 0.1)));
  assertEquals([inputs.forget({ text: "y" }), inputs.forget({ text: "y" })], [true, false]);
  assertEquals(texts(inputs), ["x", "z"]);
  inputs.clear();
  assertEquals(texts(inputs), []);
  inputs.observe(["x"], answer(predict(0.4, 0.3, 0.3)));
  assertEquals(texts(inputs), ["x"]);
});
