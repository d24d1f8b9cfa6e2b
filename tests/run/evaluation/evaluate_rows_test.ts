import { assert, assertEquals } from "@std/assert";
import { loadData } from "../../../lib/data/load/load.ts";
import { openPreprocessing } from "../../../lib/data/encode/open_preprocessing.ts";
import { evaluateProbabilities } from "../../../lib/run/evaluation/evaluate_rows.ts";
import { bytesOf, options, pieces, type Some, withFiles } from "../../data/reading.ts";

const TEXTS = [
  "Where's my  parcel?",
  'He said: "LATE",\nagain',
  "<b>ünïcode</b> 👍",
  "  spaces around  ",
  "x".repeat(900),
];
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
const csvOf = (texts: readonly string[]) =>
  `text,label\n${texts.map((text, at) => `${quoted(text)},${at % 2 ? "odd" : "even"}\n`).join("")}`;

/** Loads validation rows, calls `between`, and returns the texts of the mistakes of a model that is always wrong. */
async function textsOf(some: Some, source: string, input: string | undefined, between: () => Promise<unknown>) {
  const reading = options({ minCount: 1, ...some });
  const io = input === undefined ? {} : { input: pieces(bytesOf(input), 1 << 16) };
  const { validation, labels, preprocessing } = await loadData({ ...reading, sources: [source], seed: 1, ...io });
  assert(validation);
  await between();
  const probabilities = Float32Array.from([...validation.table.labels].flatMap((label) => [label, 1 - label]));
  const { mistakes } = await evaluateProbabilities(probabilities, labels, {
    part: validation,
    preprocessing: openPreprocessing(preprocessing),
    options: reading,
    threshold: 0,
  });
  return mistakes.map(({ place, text }) => [Number(place.split(":").at(-1)), text] as const).sort(([a], [b]) => a - b);
}

const nothing = () => Promise.resolve();
const cut = `${"x".repeat(499)}…`;

Deno.test("evaluateProbabilities() has the original texts of mistakes, shortened", () =>
  withFiles({ "train.csv": csvOf(TEXTS), "valid.csv": csvOf(TEXTS) }, async (folder) => {
    const [train, validation] = [`${folder}/train.csv`, `${folder}/valid.csv`];
    const lines = [2, 3, 5, 6, 7];
    const expected = TEXTS.map((text, at) => [lines[at]!, at === 4 ? cut : text] as const);
    assertEquals(await textsOf({ validation }, train, undefined, nothing), expected);
    const drawn = await textsOf({ validation: 0.5 }, train, undefined, nothing);
    assert(drawn.length > 0);
    for (const row of drawn) assert(expected.some(([line, text]) => line === row[0] && text === row[1]), `${row}`);
  }));

Deno.test("evaluateProbabilities() has the tokens of rows whose file is gone or has changed", () =>
  withFiles({ "train.csv": csvOf(TEXTS), "valid.csv": csvOf(TEXTS) }, async (folder) => {
    const [train, validation] = [`${folder}/train.csv`, `${folder}/valid.csv`];
    const changed = TEXTS.with(0, "Where is another parcel");
    const found = await textsOf({ validation }, train, undefined, () => Deno.writeTextFile(validation, csvOf(changed)));
    assertEquals(found.slice(0, 2), [[2, "where's my parcel ?"], [3, TEXTS[1]!]]);
    const lost = await textsOf({ validation: train }, `${folder}/valid.csv`, undefined, () => Deno.remove(train));
    assertEquals(lost[3], [6, "spaces around"]);
  }));

Deno.test("evaluateProbabilities() has texts of standard input, and the tokens of lists", () => {
  const rows = TEXTS.map((text, at) => `${JSON.stringify({ text: at < 3 ? text : [text, at], label: at % 2 })}\n`);
  return withFiles({ "train.csv": csvOf(TEXTS).replaceAll(",odd", ",1").replaceAll(",even", ",0") }, async (folder) => {
    const found = await textsOf({ validation: "-" }, `${folder}/train.csv`, rows.join(""), nothing);
    assertEquals(found.map(([, text]) => text), [...TEXTS.slice(0, 3), `${TEXTS[3]} 3`, cut]);
  });
});
