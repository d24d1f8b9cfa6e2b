import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { trainingConfig } from "../../../lib/config/schema.ts";
import { initialWeights } from "../../../lib/model/initial.ts";
import { taskModel } from "../../../lib/model/task_model.ts";
import { ngramNumbers, ngramNumbersShape, ngramsOf, ngramTensors } from "../../../lib/standalone/ngram_tensors.ts";
import type { PreprocessingJson } from "../../../lib/data/encode/preprocessing.ts";
import type { NamedTensor } from "../../../lib/base/safetensors_header.ts";
import { decodeSafetensors } from "../../../lib/model/formats/safetensors.ts";
import type { TrainedModel } from "../../../lib/predict/trained_model.ts";
import { readModel, writeModel } from "../../../lib/run/files/model_files.ts";
import { tinyHashed, tinyLinear } from "../../ngrams/tiny_ngrams.ts";
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
const hashed = tinyHashed({ order: 2, tokens: 12, features: 76 }, 2);
const withHashed: TrainedModel = { ...saved, version: { ...saved.version, ngrams: hashed } };
const known = ["a", "bee", "see", "dee", "e", "f", "gee", "aitch", "i", "jay"];
const preprocessing: PreprocessingJson = {
  tokenizer: { kind: "words", lowercase: true, punctuation: "keep" },
  vocabulary: known,
  maxLength: 9,
  truncate: "end",
};
const linear = tinyLinear({ order: 2, hasEnds: false }, known, true, 2);
const withNgrams: TrainedModel = { ...saved, preprocessing, version: { ...saved.version, ngrams: linear } };
const withModel = (use: (folder: string, directory: string) => Promise<void>, model = saved) =>
  inTemporaryDirectory(async (directory) => {
    await writeModel(directory, model);
    await use(join(directory, "model"), directory);
  });

Deno.test("readModel() returns what writeModel() was given", () =>
  withModel(async (_, directory) => assertEquals(await readModel(directory), saved)));

for (const [name, model] of Object.entries({ "n-grams": withNgrams, "n-grams of earlier versions": withHashed })) {
  Deno.test(`readModel() gives back the ${name} that the LSTM is combined with, bit for bit`, () =>
    withModel(async (_, directory) => assertEquals(await readModel(directory), model), model));
}

Deno.test("writeModel() writes each feature's key in two halves", () =>
  withModel(async (folder) => {
    const { keys } = linear.model;
    const { tensors } = decodeSafetensors(await Deno.readFile(join(folder, "ngrams.safetensors")));
    assertEquals(tensors.map(({ name, shape }) => [name, ...shape]), [
      ["keys", keys.length, 2],
      ["importance", keys.length],
      ["weights", keys.length, 1],
      ["bias", 1],
    ]);
    const [high, low] = tensors[0]!.values.subarray(0, 2);
    assertEquals(high! * 2 ** 16 + low!, keys[0]);
  }, withNgrams));

Deno.test("writeModel() leaves out n-grams of earlier versions that no training row had", () =>
  withModel(async (folder) => {
    const rows = hashed.model.importance.filter((value) => value > 0).length;
    assertEquals(rows, 51);
    const { tensors } = decodeSafetensors(await Deno.readFile(join(folder, "ngrams.safetensors")));
    assertEquals(tensors.map(({ name, shape }) => [name, ...shape]), [
      ["features", rows],
      ["importance", rows],
      ["weights", rows, 2],
      ["bias", 2],
    ]);
  }, withHashed));

Deno.test("ngramsOf() throws a RangeError at n-grams of another model", () => {
  const decode = (tensors: readonly NamedTensor[], numbers: object, classes = 2, json?: PreprocessingJson) =>
    ngramsOf(tensors, ngramNumbersShape(numbers, "ngrams"), { classes }, json);
  const bytes = ngramTensors(hashed.model);
  const numbers = ngramNumbers(hashed);
  assertEquals(decode(bytes, numbers), hashed);
  assertThrows(() => decode(bytes, numbers, 3), RangeError, `tensor "weights" is [51,2]: expected [51,3]`);
  assertThrows(() => decode(bytes, { ...numbers, features: 40 }), RangeError, "expected one below 40");
  assertThrows(() => decode(bytes, { ...numbers, tokens: 76 }), RangeError, "ngrams.tokens is 76");
  const newer = ngramTensors(linear.model);
  assertEquals(decode(newer, ngramNumbers(linear), 2, preprocessing), linear);
  assertThrows(() => decode(newer, ngramNumbers(linear), 3, preprocessing), RangeError, `,1]: expected`);
  assertThrows(() => decode(newer, ngramNumbers(linear)), RangeError, "without preprocessing");
  assertThrows(() => decode(bytes, ngramNumbers(linear), 2, preprocessing), RangeError, `tensor "keys" is [missing]`);
});

Deno.test("ngramsOf() refuses keys that repeat, and numbers that are no halves of keys", () => {
  const numbers = ngramNumbers(linear);
  const refuse = (tensors: readonly NamedTensor[], message: string) =>
    assertThrows(() => ngramsOf(tensors, numbers, { classes: 2 }, preprocessing), RangeError, message);
  const { keys } = linear.model;
  refuse(ngramTensors({ ...linear.model, keys: keys.with(1, keys[0]!) }), "1 key repeated: expected each key once");
  const tensors = ngramTensors(linear.model);
  for (const half of [0.5, -1, 65_536, NaN]) {
    const changed = tensors.map((one) => one.name === "keys" ? { ...one, values: one.values.with(3, half) } : one);
    refuse(
      changed,
      Number.isNaN(half) ? "a value that is no number" : `half a key is ${half}: expected a whole number`,
    );
  }
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
