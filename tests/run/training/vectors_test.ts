/** Runs that start from a file of word vectors. */
import { NEWEST_RULES } from "../../../lib/base/normal_form.ts";
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { resolveConfig } from "../../../lib/config/resolve.ts";
import { InputError } from "../../../lib/base/errors.ts";
import { FIRST_KNOWN } from "../../../lib/data/vocabulary/vocabulary.ts";
import { StopReason } from "../../../lib/lockstep/memory/control.ts";
import { tensorNamed, tensorView } from "../../../lib/model/layout.ts";
import { trainedModel } from "../../../lib/model/task_model.ts";
import { openSaved } from "../../../lib/predict/batch_predictor.ts";
import { decodeSafetensors } from "../../../lib/model/formats/safetensors.ts";
import { exportModel } from "../../../lib/run/export/export.ts";
import { readEvents } from "../../../lib/run/log/event_log.ts";
import { readManifest } from "../../../lib/run/files/manifest.ts";
import { readModel } from "../../../lib/run/files/model_files.ts";
import { openTraining } from "../../../lib/run/training/open_training.ts";
import { readDataAgain } from "../../../lib/run/training/reload_data.ts";
import { TrainingRun } from "../../../lib/run/training/training_run.ts";
import { verifyRun } from "../../../lib/run/training/verify.ts";
import { keepThreads } from "../../lockstep/kept_threads.ts";
import { inTemporaryDirectory } from "../temporary.ts";

keepThreads(2);

const workerUrl = new URL("../../../workers/train.ts", import.meta.url);
const baselineUrl = new URL("../../../workers/ngrams.ts", import.meta.url);

/** Rows whose class is that of one of many words, and vectors in which the words of a class are alike. */
const words = Array.from({ length: 40 }, (_, index) => `${index % 2 === 0 ? "good" : "bad"}${index}`);
const rows = words.slice(0, 20).flatMap((word, index) => Array(6).fill(`such a ${word} thing,${index % 2}\n`));
const glove = ["Such 1 1", "such 2 0", ...words.map((word, index) => `${word} ${index % 2 === 0 ? 3 : -3} 0`)];
const vectors = `${glove.join("\n")}\nthing 0 0.5\n`;

const valuesIn = (folder: string, change: Record<string, unknown> = {}) => ({
  values: {
    data: [`${folder}/rows.csv`],
    vectors: `${folder}/glove.txt`,
    runsDir: folder,
    hidden: 3,
    epochs: 2,
    averageEvery: 1,
    ngrams: "none",
    ...change,
  },
  nameOf: (key: string) => key,
});

async function open(folder: string, change: Record<string, unknown> = {}): Promise<TrainingRun> {
  await Deno.writeTextFile(`${folder}/rows.csv`, `text,label\n${rows.join("")}`);
  await Deno.writeTextFile(`${folder}/glove.txt`, vectors);
  return await openTraining((defaults) => resolveConfig(undefined, [valuesIn(folder, change)], defaults), {
    workerUrl,
    cores: 1,
  });
}

/** Returns the vectors of the model, by word. */
async function vectorsOf(directory: string): Promise<Record<string, number[]>> {
  const { config, labels, version, preprocessing } = await readModel(directory);
  const { layout, spec: { embedding } } = trainedModel(config, labels);
  const values = tensorView(version.weights, tensorNamed(layout, "embedding/embeddings"));
  const entries = preprocessing!.vocabulary.map((word, index) => {
    const first = (index + FIRST_KNOWN) * embedding;
    return [word, [...values.subarray(first, first + embedding)]] as [string, number[]];
  });
  return Object.fromEntries(entries);
}

Deno.test("a run with vectors has the width of the file, and frozen rows of its words in one scale", () =>
  inTemporaryDirectory(async (folder) => {
    const run = await open(folder, { vectorsRate: 0, embeddingInit: 0.5 });
    await run.train();
    const found = await vectorsOf(run.directory);
    const all = Object.values(found);
    assertEquals(new Set(all.map(({ length }) => length)), new Set([2]));
    // "a" has no vector, so it comes first, and it moves. The others are the file's, times one factor.
    assertEquals(Object.keys(found).slice(0, 3), ["a", "such", "thing"]);
    const factor = found.such![0]! / 2;
    const expected: Record<string, number[]> = { such: [2, 0], thing: [0, 0.5] };
    words.forEach((word, index) => expected[word] = [index % 2 === 0 ? 3 : -3, 0]);
    for (const [word, values] of Object.entries(expected)) {
      assertEquals(found[word], values.map((value) => Math.fround(value * factor)), word);
    }
    const ofRows = ["such", "thing", ...words.slice(0, 20)];
    const squares = ofRows.flatMap((word) => found[word]!).map((value) => value ** 2);
    const size = Math.sqrt(squares.reduce((sum, square) => sum + square) / squares.length);
    assert(Math.abs(size - 0.5) < 1e-6, `the root mean square is ${size}`);
    const [started] = await Array.fromAsync(readEvents(`${run.directory}/events.jsonl`, 0));
    assert(started?.type === "started");
    const { words: covered, others } = started.data!.vectors!;
    assertEquals([started.data!.known, covered, others], [23, 22, 20]);
  }));

Deno.test("a run with vectors tunes them at their own rate, and knows words that no row has", () =>
  inTemporaryDirectory(async (folder) => {
    const change = { hidden: 8, embeddingInit: 1, dropout: 0, learningRate: 0.03 };
    const run = await open(folder, { ...change, vectorsRate: 0.5, epochs: 20 });
    await run.train();
    const model = await readModel(run.directory);
    const found = await vectorsOf(run.directory);
    assertNotEquals(found.good0, found.good2);
    assertEquals(found.good20, found.good22);
    const predict = await openSaved(model);
    const unseen = words.slice(20).map((word) => `such a ${word} thing`);
    assertEquals(predict(unseen).map(({ label }) => label), words.slice(20).map((_, index) => String(index % 2)));
    await exportModel(run.directory, "safetensors", join(folder, "exported"));
    const { metadata } = decodeSafetensors(await Deno.readFile(join(folder, "exported", "model.safetensors")));
    assertEquals(JSON.parse(metadata.vocabulary!), Object.keys(found));
  }));

Deno.test("a run with vectors has n-grams that know words that no row has, of any letters", () =>
  inTemporaryDirectory(async (folder) => {
    const syllables = [..."bcdfghjk"].flatMap((first) => [..."aeiou"].map((second) => `${first}${second}`));
    const labelOf = (index: number) => (index * 7 % 5 + index) % 2;
    const rowsOf = (seen: boolean) =>
      syllables.flatMap((word, index) => (index % 3 > 0) === seen ? Array(6).fill(`${word},${labelOf(index)}\n`) : []);
    await Deno.writeTextFile(`${folder}/rows.csv`, `text,label\n${rowsOf(true).join("")}`);
    await Deno.writeTextFile(`${folder}/test.csv`, `text,label\n${rowsOf(false).join("")}`);
    const lines = syllables.map((word, index) => `${word} ${2 * labelOf(index) - 1} ${index % 4}\n`);
    await Deno.writeTextFile(`${folder}/glove.txt`, lines.join(""));
    const accuracies = [];
    for (const vectors of [`${folder}/glove.txt`, ""]) {
      const change = { vectors, test: `${folder}/test.csv`, ngrams: "beside", epochs: 1, workerTimeout: 600 };
      const source = valuesIn(folder, change);
      const run = await openTraining((defaults) => resolveConfig(undefined, [source], defaults), {
        workerUrl,
        baselineUrl,
        cores: 1,
      });
      const { baseline } = await run.train();
      accuracies.push(baseline!.test!.accuracy);
    }
    assert(accuracies[0] === 1 && accuracies[1]! < 0.8, `accuracies ${accuracies}`);
  }));

Deno.test("a run with vectors resumes and verifies without the file, and refuses other vectors", () =>
  inTemporaryDirectory(async (folder) => {
    const whole = await (await open(folder, { epochs: 30 })).train();
    const run = await open(folder, { epochs: 30 });
    run.stop(StopReason.signal);
    await run.train();
    await Deno.remove(`${folder}/glove.txt`);
    const config = resolveConfig(undefined, [valuesIn(folder)]);
    const again = async () => ({
      config: { ...config, workers: 2 },
      workerUrl,
      cores: 1,
      ...await readDataAgain(run.directory, config, NEWEST_RULES),
    });
    const resumed = await (await TrainingRun.resume(run.directory, await again())).train();
    assertEquals(resumed.digest, whole.digest);
    const compared = await Array.fromAsync(verifyRun(run.directory, await again()));
    assert(compared.length >= 30 && compared.every(({ recorded, computed }) => recorded === computed));
    const path = join(run.directory, "vectors.safetensors");
    const bytes = await Deno.readFile(path);
    bytes[bytes.length - 1]! ^= 1;
    await Deno.writeFile(path, bytes);
    const changed = await assertRejects(async () => await TrainingRun.resume(run.directory, await again()), InputError);
    assert(changed.message.includes("their digest differs"), changed.message);
    await Deno.remove(path);
    const missing = await assertRejects(again, InputError);
    assert(missing.message.startsWith(`Cannot use "${path}" as vectors`), missing.message);
  }));

Deno.test("a run refuses vectors of another width or language, and options without vectors", () =>
  inTemporaryDirectory(async (folder) => {
    const refused = async (change: Record<string, unknown>) =>
      (await assertRejects(() => open(folder, change), InputError)).message;
    assertEquals(await refused({ embedding: 3 }), "embedding is 3: expected 2, the width of `vectors`, or no value");
    await Deno.writeTextFile(`${folder}/other.txt`, "quelque 1 2\nchose 3 4\n");
    assertEquals(
      await refused({ vectors: `${folder}/other.txt` }),
      `Cannot use "${folder}/other.txt" as vectors: none of the 23 known tokens of the rows, the first "such", has a ` +
        "vector. Expected vectors of the same language and tokenizer",
    );
    assertEquals(await refused({ vectors: "", maxVectors: 5 }), "maxVectors is 5: expected no value without `vectors`");
    assertEquals(
      await refused({ vectors: "", vectorsRate: 1 }),
      "vectorsRate is 1: expected no value without `vectors`",
    );
  }));

Deno.test("a run knows at most --max-vectors other words, which do not change what it learns", () =>
  inTemporaryDirectory(async (folder) => {
    const [some, all] = [await open(folder, { maxVectors: 0 }), await open(folder)];
    const [one, two] = [await readManifest(some.directory), await readManifest(all.directory)];
    assertEquals(two.config.vocabulary - one.config.vocabulary, 20);
    assertNotEquals(one.dataDigest, two.dataDigest);
    const [few, more] = [await some.train(), await all.train()];
    assertEquals(few.heldOut, more.heldOut);
    const known = await vectorsOf(some.directory);
    const found = await vectorsOf(all.directory);
    assertEquals(Object.fromEntries(Object.keys(known).map((word) => [word, found[word]!])), known);
  }));
