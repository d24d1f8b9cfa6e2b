/** Tests runs on a table: they are created, resumed and verified with the same data, and refuse other data. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Config } from "../../../lib/config/schema.ts";
import type { TrainingData } from "../../../lib/data/batches/table.ts";
import { InputError } from "../../../lib/base/errors.ts";
import { StopReason } from "../../../lib/lockstep/memory/control.ts";
import { readManifest } from "../../../lib/run/files/manifest.ts";
import { readModel } from "../../../lib/run/files/model_files.ts";
import { openSaved } from "../../../lib/predict/batch_predictor.ts";
import { TrainingRun } from "../../../lib/run/training/training_run.ts";
import { verifyRun } from "../../../lib/run/training/verify.ts";
import { randomData } from "../../data/tables.ts";
import { inTemporaryDirectory } from "../temporary.ts";
import { tinyRunConfig } from "../tiny_run.ts";

const workerUrl = new URL("../../../workers/train.ts", import.meta.url);
const data = randomData({ rows: 50, vocabulary: 40 });
/** The sizes of the data, which replace those of the config. */
const optionsOf = (folder: string, change: Partial<Config> = {}) => ({
  config: { ...tinyRunConfig(folder, { epochs: 3, ...change }), task: "table" as const, data: ["rows.csv"] },
  workerUrl,
  cores: 2,
});

Deno.test("a run on a table saves the sizes and labels of its data, and counts their rows", () =>
  inTemporaryDirectory(async (folder) => {
    const run = await TrainingRun.create({ ...optionsOf(folder), data });
    const summary = await run.train();
    // 50 rows on 3 shards of 6 give steps of 18, 18 and 14 rows.
    assertEquals([summary.steps, summary.sequences, summary.epochs], [9, 150, 3]);
    const { config, labels, dataDigest } = await readManifest(run.directory);
    assertEquals([config.vocabulary, config.length, config.stepsPerEpoch, config.heldOut], [40, 7, 3, 300]);
    assertEquals([labels, dataDigest], [data.labels, data.digest]);
    const model = await readModel(run.directory);
    const predict = await openSaved(model);
    for (const { label, probabilities } of predict([[1, 2, 3], [4]])) {
      assert(label !== null && data.labels.includes(label));
      assertEquals(probabilities.length, 3);
    }
  }));

Deno.test("a stopped and resumed run on a table ends with the digest of an uninterrupted run", () =>
  inTemporaryDirectory(async (folder) => {
    const whole = await (await TrainingRun.create({ ...optionsOf(folder, { epochs: 40 }), data })).train();
    const run = await TrainingRun.create({ ...optionsOf(folder, { epochs: 40 }), data });
    run.stop(StopReason.signal);
    const part = await run.train();
    assert(part.rounds < whole.rounds);
    const resumed = await TrainingRun.resume(run.directory, { ...optionsOf(folder, { workers: 3 }), data });
    assertEquals((await resumed.train()).digest, whole.digest);
    const compared = await Array.fromAsync(verifyRun(run.directory, { ...optionsOf(folder, { workers: 1 }), data }));
    assert(compared.length >= 40 && compared.every(({ recorded, computed }) => recorded === computed));
  }));

Deno.test("resume() and verifyRun() refuse other or missing data; create() refuses missing data", () =>
  inTemporaryDirectory(async (folder) => {
    const run = await TrainingRun.create({ ...optionsOf(folder), data });
    await run.train();
    const options = optionsOf(folder);
    const messages = async (other: { readonly data?: TrainingData }) =>
      await Promise.all([
        assertRejects(() => TrainingRun.resume(run.directory, { ...options, ...other }), InputError),
        assertRejects(() => Array.fromAsync(verifyRun(run.directory, { ...options, ...other })), InputError),
      ].map(async (refused) => (await refused).message));
    const changed = await messages({ data: { ...data, digest: "other" } });
    assert(changed.every((message) => message.endsWith("began with: their digest differs")), changed[0]);
    const missing = await messages({});
    assert(missing.every((message) => message.endsWith("was trained on files: expected their data")), missing[0]);
    const refused = await assertRejects(() => TrainingRun.create(options), InputError);
    assertEquals(refused.message, "task is table: expected its data");
  }));
