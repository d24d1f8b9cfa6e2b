import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { trainingConfig } from "../../../lib/config/schema.ts";
import { initialWeights } from "../../../lib/model/initial.ts";
import { taskModel } from "../../../lib/model/task_model.ts";
import { decodeNgrams, encodeNgrams, ngramNumbers } from "../../../lib/run/files/ngram_file.ts";
import { decodeSafetensors } from "../../../lib/model/formats/safetensors.ts";
import type { TrainedModel } from "../../../lib/predict/trained_model.ts";
import { readModel, writeModel } from "../../../lib/run/files/model_files.ts";
import { tinyNgrams } from "../../ngrams/tiny_ngrams.ts";
import { inTemporaryDirectory } from "../temporary.ts";
import { tinyRunConfig } from "../tiny_run.ts";

const config = trainingConfig(tinyRunConfig("runs"));
const { spec, layout } = taskModel(config);
const saved: TrainedModel = {
  run: "20260101-000000-abcd",
  config,
  labels: ["odd", "even"],
  version: { round: 7, digest: "d1ge57", weights: initialWeights(spec, layout, config) },
};
const ngrams = tinyNgrams({ order: 2, tokens: 12, features: 76 }, 2);
const withNgrams: TrainedModel = { ...saved, version: { ...saved.version, ngrams } };
const withModel = (use: (folder: string, directory: string) => Promise<void>, model = saved) =>
  inTemporaryDirectory(async (directory) => {
    await writeModel(directory, model);
    await use(join(directory, "model"), directory);
  });

Deno.test("readModel() returns what writeModel() was given", () =>
  withModel(async (_, directory) => assertEquals(await readModel(directory), saved)));

Deno.test("readModel() returns the n-grams that the LSTM is combined with, bit for bit", () =>
  withModel(async (_, directory) => assertEquals(await readModel(directory), withNgrams), withNgrams));

Deno.test("writeModel() leaves out n-grams that no training row had", () =>
  withModel(async (folder) => {
    const known = ngrams.model.importance.filter((value) => value > 0).length;
    assertEquals(known, 51);
    const { tensors } = decodeSafetensors(await Deno.readFile(join(folder, "ngrams.safetensors")));
    assertEquals(tensors.map(({ name, shape }) => [name, ...shape]), [
      ["features", known],
      ["importance", known],
      ["weights", known, 2],
      ["bias", 2],
    ]);
  }, withNgrams));

Deno.test("decodeNgrams() throws a RangeError at n-grams of another model", () => {
  const bytes = encodeNgrams(ngrams.model);
  const numbers = ngramNumbers(ngrams);
  assertEquals(decodeNgrams(bytes, numbers, 2), ngrams);
  assertThrows(() => decodeNgrams(bytes, numbers, 3), RangeError, `tensor "weights" is [51,2]: expected [51,3]`);
  assertThrows(() => decodeNgrams(bytes, { ...numbers, features: 40 }, 2), RangeError, "expected one below 40");
  assertThrows(() => decodeNgrams(bytes, { ...numbers, tokens: 76 }, 2), RangeError, "expected fewer than the 76");
  assertThrows(() => decodeNgrams(bytes.subarray(0, 99), numbers, 2), RangeError, "not safetensors");
});

Deno.test("writeModel() writes labels and config beside the LayersModel", () =>
  withModel(async (folder) => {
    const { modelDigest, weightsDigest, checksum, ...rest } = JSON.parse(
      await readFile(join(folder, "lockstep.json"), "utf8"),
    );
    assertEquals(rest, { run: saved.run, round: 7, digest: "d1ge57", labels: ["odd", "even"], config, model: spec });
    for (const digest of [modelDigest, weightsDigest, checksum]) assert(/^[0-9a-f]{64}$/.test(digest));
    assertEquals((await readFile(join(folder, "weights.bin"))).length, 4 * layout.parameters);
  }));

Deno.test("writeModel() replaces an existing model", () =>
  withModel(async (_, directory) => {
    const next = { ...saved, version: { round: 8, digest: "next", weights: saved.version.weights.map((w) => 2 * w) } };
    // Gaps stay 0 when all values are doubled.
    await writeModel(directory, next);
    assertEquals(await readModel(directory), next);
  }));

const damage: [what: string, file: string, change: (bytes: Uint8Array) => Uint8Array | string, says: string][] = [
  ["a changed weight", "weights.bin", (bytes) => bytes.with(9, bytes[9]! ^ 1), "weights.bin"],
  ["weights that are cut off", "weights.bin", (bytes) => bytes.subarray(0, -4), "weights.bin"],
  ["a changed n-gram", "ngrams.safetensors", (bytes) => bytes.with(-9, bytes.at(-9)! ^ 1), "ngrams.safetensors"],
  ["n-grams that are cut off", "ngrams.safetensors", (bytes) => bytes.subarray(0, -4), "ngrams.safetensors"],
  ["another share", "lockstep.json", (bytes) => text(bytes).replace(`"share": 0.3`, `"share": 0.4`), "checksum"],
  ["a topology that is no JSON", "model.json", () => "{", "model.json"],
  ["a topology of nothing", "model.json", () => "{}", "model.json"],
  ["a lockstep.json that is no JSON", "lockstep.json", () => "", "lockstep.json"],
  ["a lockstep.json of nothing", "lockstep.json", () => "{}", "lockstep.json"],
  [
    "a config of another model",
    "lockstep.json",
    (bytes) => text(bytes).replace(`"hidden": 5`, `"hidden": 6`),
    "checksum",
  ],
  ["another digest", "lockstep.json", (bytes) => text(bytes).replace("d1ge57", "d1ge58"), "checksum"],
  ["a config that cannot be", "lockstep.json", (bytes) => text(bytes).replace(`"hidden": 5`, `"hidden": 0`), "hidden"],
];
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
for (const [what, file, change, says] of damage) {
  Deno.test(`readModel() throws a RangeError that names the file at ${what}`, () =>
    withModel(async (folder, directory) => {
      const path = join(folder, file);
      const before = new Uint8Array(await readFile(path));
      await writeFile(path, change(before));
      assert(text(new Uint8Array(await readFile(path))) !== text(before), "Nothing was damaged");
      await assertRejects(() => readModel(directory), RangeError, says);
    }, withNgrams));
}

Deno.test("readModel() fails when a file is missing", () =>
  withModel(async (folder, directory) => {
    await rm(join(folder, "weights.bin"));
    await assertRejects(() => readModel(directory), Error, "ENOENT");
  }));
