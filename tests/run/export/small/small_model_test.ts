/** Makes small models of runs of every kind, and compares them with the whole ones. */
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError, load, type Row, type Run, train, type TrainOptions } from "../../../../mod.ts";
import { load as loadAlone } from "../../../../predict.ts";
import { wholeModel } from "../../../../lib/predict/trained_model.ts";
import { readModel } from "../../../../lib/run/files/model_files.ts";
import { smallModel } from "../../../../lib/run/export/small/small_model.ts";
import { decodeModel, encodeModel } from "../../../../lib/standalone/model_file.ts";
import { jsonLines, SMALL, smallRows } from "../../../api/small.ts";
import { withModel } from "../../../cli/saved_model.ts";
import { tinyHashed } from "../../../ngrams/tiny_ngrams.ts";
import { inTemporaryDirectory } from "../../temporary.ts";

/** Trains on `rows` in a file, and gives `use` the run and the path of the file. */
async function withRun(
  rows: readonly Row[],
  options: Partial<TrainOptions>,
  use: (run: Run, file: string, folder: string) => Promise<void>,
): Promise<void> {
  await inTemporaryDirectory(async (folder) => {
    const file = join(folder, "rows.jsonl");
    await writeFile(file, jsonLines(rows));
    await using run = await train({ ...SMALL, ...options, data: file, runsDir: join(folder, "runs") });
    await use(run, file, folder);
  });
}

/** Returns rows of three classes, each with words of its own and others. */
function manyWords(count: number) {
  return smallRows(count).map(({ text, label }, row) => ({ text: `${text} w${row % 97} x${(row * 7) % 89}`, label }));
}

Deno.test("smallModel() honours any size, keeps more the larger it is, and says what that costs", () =>
  withRun(manyWords(400), { hidden: 16, embedding: 16 }, async ({ directory }) => {
    const model = await readModel(directory);
    const whole = await smallModel(model, 1e9, { directory });
    assertEquals([whole.isPacked, whole.bytes.length, whole.cost], [false, whole.before, "nothing is left out"]);
    const { ngrams } = model.version;
    assert(ngrams && "exponent" in ngrams);
    let [kept, last] = [0, 0];
    for (const size of [12_000, 20_000, 40_000, 90_000]) {
      const small = await smallModel(model, size, { directory });
      assert(small.bytes.length <= size && small.bytes.length > last, `${small.bytes.length} of ${size}`);
      assert(small.ngrams[0] >= kept && small.ngrams[0] <= small.ngrams[1], `${small.ngrams}`);
      [kept, last] = [small.ngrams[0], small.bytes.length];
      assert(typeof small.cost !== "string", `${small.cost}`);
      // The class is a word of the text.
      const { metric, before, after } = small.cost;
      assertEquals([metric, before.shown, after.shown], ["accuracy", 1, 1]);
      const found = await decodeModel(small.bytes);
      assertEquals(found.preprocessing!.vocabulary, model.preprocessing!.vocabulary.slice(0, small.words[0]));
      assert(found.ngrams && "exponent" in found.ngrams);
      assertEquals(found.ngrams.model.keys.length, small.ngrams[0]);
      const known = new Set(ngrams.model.keys);
      assert(found.ngrams.model.keys.every((key) => known.has(key)));
    }
    assertEquals(await smallModel(model, 20_000, { directory }), await smallModel(model, 20_000, { directory }));
    await assertRejects(
      () => smallModel(model, 500, { directory }),
      InputError,
      "size is 500 bytes: expected at least",
    );
  }));

Deno.test("a small model answers nearly as the whole one, in all that reads a model", () =>
  withRun(manyWords(300), { letterRows: 512, hidden: 8, embedding: 16 }, async (run, file, folder) => {
    const [whole, small] = [join(folder, "whole"), join(folder, "small")];
    await run.save(whole);
    await run.save(small, { size: "60 kB" });
    await assertRejects(
      () => run.save(small, { size: "much" }),
      InputError,
      'size is "much": expected bytes, or a text',
    );
    assert((await readFile(join(small, "model.lockstep"))).length <= 60_000);
    await using first = await load(whole);
    await using second = await load(small);
    using alone = await loadAlone(join(small, "model.lockstep"));
    const texts = smallRows(40).map(({ text }) => text);
    const answers = await second.predictMany(texts);
    assertEquals(answers.map(({ label }) => label), (await first.predictMany(texts)).map(({ label }) => label));
    const probabilities = answers.map((answer) => answer.probabilities);
    assertEquals(alone.predictMany(texts).map((answer) => answer.probabilities), probabilities);
    assertEquals((await second.evaluate(file)).accuracy, 1);
    const { reasons } = alone.explain("my invoice is late");
    assertEquals(reasons.label, "about invoice");
    assertEquals(reasons.tokens.toSorted((a, b) => b.weight - a.weight)[0]!.token, "invoice");
  }));

Deno.test("smallModel() measures nothing without the run's files, and says why", () =>
  withRun(manyWords(200), {}, async ({ directory }, file) => {
    const model = await readModel(directory);
    await writeFile(file, jsonLines(smallRows(10)));
    const other = await smallModel(model, 12_000, { directory });
    assert(typeof other.cost === "string" && other.cost.includes("not those that run"), `${other.cost}`);
    await rm(file);
    const gone = await smallModel(model, 12_000, { directory });
    assert(typeof gone.cost === "string" && gone.cost.includes("rows.jsonl"), `${gone.cost}`);
    assert(gone.bytes.length <= 12_000);
    assertEquals(gone.bytes, other.bytes);
    const { cost, bytes } = await smallModel(model, 12_000, { directory: undefined });
    assertEquals([cost, bytes], ["its run is not at hand", gone.bytes]);
  }));

Deno.test("the thresholds of a small model are chosen anew, also of several labels a row", () => {
  const rows = Array.from({ length: 240 }, (_, row) => {
    const label = ["red", "green", "blue"].filter((_, at) => row * 7 >> at & 1);
    return { text: [`w${row % 31}`, ...label.map((name) => `${name}ish`), `v${row % 41}`].join(" "), label };
  });
  return withRun(rows, { epochs: 6 }, async ({ directory }) => {
    const { bytes, cost } = await smallModel(await readModel(directory), 9000, { directory });
    assert(typeof cost !== "string" && cost.metric === "micro-F1");
    assert(cost.after.shown > 0.95, `${cost.after.shown}`);
    const { thresholds, rejection } = await decodeModel(bytes);
    assertEquals([thresholds?.length, rejection], [3, undefined]);
    using alone = await loadAlone(bytes);
    const { labels } = alone.predict("w1 redish blueish v1");
    assertEquals(labels?.map(({ label }) => label).toSorted(), ["blue", "red"]);
    const path = join(directory, "small.lockstep");
    await writeFile(path, bytes);
    await using again = await load(path);
    assertEquals((await again.predict("w1 redish blueish v1")).labels, labels);
  });
});

Deno.test("a small model of several columns takes the same rows", () => {
  const rows = manyWords(300).map(({ text, label }, row) => ({ subject: text, amount: row % 50, label }));
  return withRun(rows, { columns: "subject:text,amount:number" }, async ({ directory, model: whole }) => {
    const { bytes, cost } = await smallModel(await readModel(directory), 15_000, { directory });
    assert(bytes.length <= 15_000 && typeof cost !== "string");
    using alone = await loadAlone(bytes);
    for (const { label: _, ...row } of rows.slice(0, 20)) {
      assertEquals(alone.predict(row).label, (await whole.predict(row)).label);
    }
  });
});

Deno.test("a small model without n-grams knows fewer words, and one of ids is only packed", async () => {
  await withRun(manyWords(300), { ngrams: "none", embedding: 16, epochs: 8 }, async ({ directory }) => {
    const model = await readModel(directory);
    const { bytes, words, ngrams, cost } = await smallModel(model, 6500, { directory });
    assert(bytes.length <= 6500 && words[0] > 0 && words[0] < words[1], `${bytes.length}, ${words}`);
    assertEquals(ngrams, [0, 0]);
    assert(typeof cost !== "string" && cost.after.shown > 0.5, JSON.stringify(cost));
  });
  await withModel(undefined, async (_, directory) => {
    const model = await readModel(directory);
    const size = 0.6 * (await encodeModel(wholeModel(model))).length;
    const { bytes, before, cost } = await smallModel(model, size, { directory });
    assert(before > size && bytes.length <= size, `${bytes.length} of ${before}`);
    assertEquals(cost, "the run has no validation rows of files");
    using alone = await loadAlone(bytes);
    using whole = await loadAlone(await encodeModel(wholeModel(model)));
    const ids = Array.from({ length: model.config.length }, (_, at) => at % 5);
    const { probabilities } = whole.predict(ids);
    alone.predict(ids).probabilities.forEach((value, k) => assertAlmostEquals(value, probabilities[k]!, 0.02));
  }, { change: { hidden: 20, embedding: 32 } });
});

Deno.test("n-grams of an earlier version cannot be smaller", () =>
  withRun(smallRows(), {}, async ({ directory }) => {
    const model = await readModel(directory);
    const ngrams = tinyHashed({ order: 2, tokens: 12, features: 76 }, 3);
    const old = { ...model, version: { ...model.version, ngrams } };
    await assertRejects(() => smallModel(old, 5000, { directory }), InputError, "n-grams of an earlier version");
  }));
