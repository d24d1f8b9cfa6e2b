/** Tests runs on rows with several labels, or with none. */
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { resolveConfig } from "../../../lib/config/resolve.ts";
import type { Config } from "../../../lib/config/schema.ts";
import { InputError } from "../../../lib/base/errors.ts";
import type { EncodedTable } from "../../../lib/data/batches/table.ts";
import { StopReason } from "../../../lib/lockstep/memory/control.ts";
import { tensorNamed, tensorView } from "../../../lib/model/layout.ts";
import { trainedModel } from "../../../lib/model/task_model.ts";
import { evaluateFiles } from "../../../lib/run/evaluation/evaluate_files.ts";
import { openModel } from "../../../lib/run/open_model.ts";
import { configDigest } from "../../../lib/run/files/manifest.ts";
import { readRunData } from "../../../lib/run/training/reload_data.ts";
import { prepareRun, trainingFor } from "../../../lib/run/training/prepare.ts";
import { TrainingRun } from "../../../lib/run/training/training_run.ts";
import { verifyRun } from "../../../lib/run/training/verify.ts";
import { randomData } from "../../data/tables.ts";
import { assertClose } from "../../engine/close.ts";
import { inTemporaryDirectory } from "../temporary.ts";
import { tinyRunConfig, workerUrl } from "../tiny_run.ts";

/** Gives each row the classes that its first tokens name: none to three. */
function severalOf({ tokens, offsets }: EncodedTable): EncodedTable {
  const rows = offsets.length - 1;
  const sets = Array.from({ length: rows }, (_, row) => {
    const first = [...tokens.subarray(offsets[row], offsets[row + 1])].slice(0, 3);
    return [...new Set(first.map((token) => token % 4).filter((label) => label < 3))].sort();
  });
  const labels = new Uint16Array(new SharedArrayBuffer(2 * sets.flat().length));
  labels.set(sets.flat());
  const labelOffsets = new Uint32Array(new SharedArrayBuffer(4 * (rows + 1)));
  sets.forEach(({ length }, row) => labelOffsets[row + 1] = labelOffsets[row]! + length);
  return { tokens, offsets, labels, labelOffsets };
}

const some = randomData({ rows: 50, vocabulary: 40 });
const data = { ...some, training: severalOf(some.training), validation: severalOf(some.validation) };

Deno.test("a run with several labels has one digest for 1, 2 and 4 workers, resumed and verified too", () =>
  inTemporaryDirectory(async (folder) => {
    const optionsOf = (change: Partial<Config> = {}) => ({
      config: {
        ...tinyRunConfig(folder, { epochs: 30, shards: 4, metric: "macro-f1", restoreBest: true, ...change }),
        task: "table" as const,
        data: ["rows.txt"],
      },
      workerUrl,
      cores: 2,
    });
    const digests = [];
    for (const [workers, chaos] of [[1, ""], [2, "kill=0.05"], [4, ""]] as const) {
      const changed = optionsOf({ workers, chaos, maxRestarts: 1000 });
      const summary = await (await TrainingRun.create({ ...changed, data })).train();
      digests.push(summary.digest);
      assert(summary.heldOut!.loss > 0 && summary.heldOut!.accuracy > 0 && summary.heldOut!.accuracy < 1);
    }
    assertEquals(new Set(digests).size, 1, digests.join());
    const run = await TrainingRun.create({ ...optionsOf(), data });
    run.stop(StopReason.signal);
    await run.train();
    const resumed = await TrainingRun.resume(run.directory, { ...optionsOf({ workers: 3 }), data });
    assertEquals((await resumed.train()).digest, digests[0]);
    assertEquals(resumed.config.labels, "many");
    const compared = await Array.fromAsync(verifyRun(run.directory, { ...optionsOf({ workers: 1 }), data }));
    assert(compared.length > 0 && compared.every(({ recorded, computed }) => recorded === computed));
  }));

Deno.test("prepareRun() begins the biases of several labels at their log-odds", () =>
  inTemporaryDirectory(async (folder) => {
    const config = { ...tinyRunConfig(folder), task: "table" as const, data: ["rows.txt"] };
    const options = { config, workerUrl, cores: 1, data };
    const training = trainingFor(options);
    const { initial, coordinator } = await prepareRun(options, training, {});
    coordinator.close();
    const { layout } = trainedModel(training, data.labels);
    const { labels } = data.training;
    const expected = data.labels.map((_, k) => {
      const having = labels.filter((label) => label === k).length;
      return Math.log((having + 1) / (50 - having + 1));
    });
    assertClose(tensorView(initial.values, tensorNamed(layout, "dense/bias")), expected, 1e-6);
  }));

Deno.test("an epoch's accuracy is of the validation rows that have labels", () =>
  inTemporaryDirectory(async (folder) => {
    const config = { ...tinyRunConfig(folder, { epochs: 1 }), task: "table" as const, data: ["rows.txt"] };
    const { labels, labelOffsets = new Uint32Array() } = data.validation;
    const labelled = [...labelOffsets.subarray(1)].filter((end, row) => end > labelOffsets[row]!).length;
    assert(labels.length > 0 && labelled < labelOffsets.length - 1);
    const { heldOut } = await (await TrainingRun.create({ config, workerUrl, cores: 1, data })).train();
    const right = heldOut!.accuracy * labelled;
    assertAlmostEquals(right, Math.round(right), 1e-9);
    assert(heldOut!.accuracy > 0);
  }));

Deno.test("a run of a version that drew all biases is verified with drawn ones", () =>
  inTemporaryDirectory(async (folder) => {
    for (const biasInit of ["random", "frequency"] as const) {
      const config = { ...tinyRunConfig(folder, { biasInit }), task: "table" as const, data: ["rows.txt"] };
      const options = { config, workerUrl, cores: 1, data };
      const run = await TrainingRun.create(options);
      await run.train();
      const path = join(run.directory, "run.json");
      const { config: { biasInit: written, ...known }, ...manifest } = JSON.parse(await Deno.readTextFile(path));
      assertEquals(written, biasInit);
      await Deno.writeTextFile(
        path,
        JSON.stringify({ ...manifest, config: known, configDigest: await configDigest(known) }),
      );
      const compared = await Array.fromAsync(verifyRun(run.directory, options));
      assert(compared.length > 0);
      for (const { recorded, computed } of compared) assertEquals(recorded === computed, biasInit === "random");
    }
  }));

/** Writes rows that have the labels whose words they have, in fastText's format. */
function rowsOf(count: number, first: number): string {
  const names = ["red", "green", "blue", "grey"];
  return Array.from({ length: count }, (_, index) => {
    const own = names.filter((_, label) => (index + first) * 7 >> label & 1);
    const words = [`w${index % 5}`, ...own.map((name) => `${name}ish`), `v${index % 3}`];
    return [...own.map((name) => `__label__${name}`), ...words].join(" ");
  }).join("\n");
}

Deno.test("a run on fastText lines with several labels saves thresholds, and its model is evaluated", () =>
  inTemporaryDirectory(async (folder) => {
    const [train, test] = [join(folder, "train.txt"), join(folder, "test.txt")];
    await Deno.writeTextFile(train, rowsOf(160, 1));
    await Deno.writeTextFile(test, rowsOf(40, 3));
    const values = {
      data: [train],
      test,
      epochs: 4,
      hidden: 8,
      embedding: 8,
      shards: 2,
      batchSize: 16,
      runsDir: folder,
    };
    const config = resolveConfig(undefined, [{ values, nameOf: (key) => key }]);
    const options = {
      config,
      workerUrl,
      cores: 2,
      baselineUrl: new URL("../../../workers/ngrams.ts", import.meta.url),
    };
    const run = await TrainingRun.create({ ...options, ...await readRunData(config) });
    const { test: tested, validation, baseline } = await run.train();
    assert(validation?.several && tested?.several && baseline);
    assert(tested.several.microF1 > 0.95, `micro-F1 ${tested.several.microF1}`);
    const model = await openModel(run.directory);
    assertEquals([model.config.labels, model.labels], ["many", ["blue", "green", "grey", "red"]]);
    assertEquals(model.version.thresholds?.length, 4);
    const files = { ...config, data: [test], outOfScope: [] };
    const setting = { directory: run.directory, threshold: 0, native: undefined, input: undefined };
    const { evaluation, rows } = await evaluateFiles(model, files, setting);
    assertEquals([evaluation.rows, rows.table.labelOffsets?.length], [40, 41]);
    assertAlmostEquals(evaluation.several!.microF1, tested.several.microF1, 1e-9);
    assertAlmostEquals(evaluation.loss, tested.loss, 1e-5);
    for (const [key, value] of [["reject", 0.9], ["classWeights", "balanced"]] as const) {
      const changed = { ...config, [key]: value };
      const refused = TrainingRun.create({ ...options, config: changed, ...await readRunData(changed) });
      assertEquals((await assertRejects(() => refused, InputError)).problems[0]?.field, key);
    }
  }));
