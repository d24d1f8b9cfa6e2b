import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import type { Config } from "../../../lib/config/schema.ts";
import { InputError } from "../../../lib/base/errors.ts";
import { StopReason } from "../../../lib/lockstep/memory/control.ts";
import { tensorNamed, tensorView } from "../../../lib/model/layout.ts";
import { taskModel } from "../../../lib/model/task_model.ts";
import { exportModel } from "../../../lib/run/export/export.ts";
import { readGivenWeights } from "../../../lib/run/training/given_weights.ts";
import { readModel } from "../../../lib/run/files/model_files.ts";
import { decodeSafetensors, encodeSafetensors } from "../../../lib/model/formats/safetensors.ts";
import { TrainingRun } from "../../../lib/run/training/training_run.ts";
import { verifyRun } from "../../../lib/run/training/verify.ts";
import { inTemporaryDirectory } from "../temporary.ts";
import { createTinyRun, tinyRunConfig, workerUrl } from "../tiny_run.ts";
import { keepThreads } from "../../lockstep/kept_threads.ts";

keepThreads(2);

const change: Partial<Config> = { bidirectional: true, pooling: "max", layers: 2 };

/** Returns the last weights of a run of learning rate 0 on one shard, which are also the first. */
async function beginning(folder: string, weights: string): Promise<Float32Array> {
  const run = await createTinyRun(folder, {
    ...change,
    weights,
    seed: 9,
    epochs: 1,
    learningRate: 0,
    shards: 1,
    workers: 1,
  });
  await run.train();
  return (await readModel(run.directory)).version.weights;
}

/** Calls `use` with a folder, the file of weights that a run exported, and these weights. */
function withExport(use: (folder: string, file: string, weights: Float32Array) => Promise<void>): Promise<void> {
  return inTemporaryDirectory(async (folder) => {
    const run = await createTinyRun(folder, change);
    await run.train();
    await exportModel(run.directory, "safetensors", join(folder, "exported"));
    await use(folder, join(folder, "exported", "model.safetensors"), (await readModel(run.directory)).version.weights);
  });
}

Deno.test("a run with --weights starts from the exported weights of another run, bit for bit", () =>
  withExport(async (folder, file, weights) => {
    assertEquals(await beginning(folder, file), weights);
    assertNotEquals(await beginning(folder, ""), weights);
  }));

Deno.test("a run with --weights starts from a PyTorch module with other names and both biases", () =>
  withExport(async (folder, file, weights) => {
    const { tensors } = decodeSafetensors(await Deno.readFile(file));
    const renamed = tensors.map(({ name, shape, values }) => ({
      name: name.replace("embedding.", "net.embed.").replace("lstm.", "net.rnn.").replace("linear.", "net.head."),
      shape,
      values: name.includes("bias_hh") ? values.map(() => 0.5) : values,
    }));
    const other = join(folder, "pytorch.safetensors");
    await Deno.writeFile(other, encodeSafetensors({ metadata: {}, tensors: renamed }));
    const expected = weights.slice();
    const { layout } = taskModel(tinyRunConfig(folder, change));
    for (const { name } of layout.tensors.filter(({ name }) => name.startsWith("lstm") && name.endsWith("/bias"))) {
      const bias = tensorView(expected, tensorNamed(layout, name));
      bias.forEach((value, index) => bias[index] = value + 0.5);
    }
    assertEquals(await beginning(folder, other), expected);
  }));

Deno.test("a stopped run with --weights is resumed and verified only with the same file", () =>
  withExport(async (folder, file) => {
    const own = { ...change, weights: file, epochs: 30, restoreBest: true };
    const whole = await (await createTinyRun(folder, own)).train();
    assertNotEquals(whole.digest, (await (await createTinyRun(folder, { ...own, weights: "" })).train()).digest);
    const run = await createTinyRun(folder, own);
    run.stop(StopReason.signal);
    assert((await run.train()).rounds < whole.rounds);
    const options = { config: tinyRunConfig(folder, own), workerUrl, cores: 2 };
    assertEquals((await (await TrainingRun.resume(run.directory, options)).train()).digest, whole.digest);
    const compared = await Array.fromAsync(verifyRun(run.directory, options));
    assert(compared.length >= 30 && compared.every(({ recorded, computed }) => recorded === computed));

    const bytes = await Deno.readFile(file);
    await Deno.writeFile(file, bytes.with(-1, bytes.at(-1)! ^ 1));
    for (
      const again of [() => TrainingRun.resume(run.directory, options), () => verifyRun(run.directory, options).next()]
    ) {
      await assertRejects(again, InputError, "is not the file that the run began with: its digest differs");
    }
    await Deno.remove(file);
    await assertRejects(() => TrainingRun.resume(run.directory, options), InputError, "cannot be read");
  }));

Deno.test("a run refuses weights of another model, and invalid files, before it has a directory", () =>
  withExport(async (folder, file) => {
    const runs = join(folder, "others");
    const refused = async (values: Partial<Config>, message: string) => {
      const error = await assertRejects(() => createTinyRun(runs, { ...change, ...values }), InputError, message);
      assertEquals(error.problems.map(({ field }) => field), ["weights"]);
      await assertRejects(() => Deno.stat(runs), Deno.errors.NotFound);
    };
    await refused(
      { weights: file, vocabulary: 13 },
      `tensor "embedding.weight" is [12,4]: expected an embedding of [13,4]`,
    );
    await refused(
      { weights: file, hidden: 6 },
      `tensor "lstm.weight_ih_l0" is [20,4]: expected weight_ih_l0 of [24,4]`,
    );
    await refused({ weights: file, layers: 1 }, "the model has no place for lstm.weight_ih_l1");
    await refused({ weights: join(folder, "none") }, "none cannot be read");
    await refused({ weights: folder }, "cannot be read");
    const other = join(folder, "other.safetensors");
    const { metadata, tensors } = decodeSafetensors(await Deno.readFile(file));
    tensors[3]!.values[0] = NaN;
    await Deno.writeFile(other, encodeSafetensors({ metadata, tensors }));
    await refused({ weights: other }, `tensor "${tensors[3]!.name}" has values that are not finite`);
    await Deno.writeTextFile(other, "weights");
    await refused({ weights: other }, "not safetensors");
  }));

Deno.test("readGivenWeights() reads only regular files: no endless device, folder or silent pipe", () =>
  inTemporaryDirectory(async (folder) => {
    for (const path of [...Deno.build.os === "windows" ? [] : ["/dev/zero", "/dev/null"], folder]) {
      await assertRejects(
        () => readGivenWeights(path),
        InputError,
        `weights: ${path} cannot be read: it is ${path === folder ? "a directory" : "no regular file"}`,
      );
    }
    const path = join(folder, "passwd");
    await Deno.writeTextFile(path, "root:x:0:0:root:/root:/bin/bash\n");
    const error = await assertRejects(() => readGivenWeights(path), InputError);
    assertEquals(error.message.includes("does not fit (float32 tensors are expected)"), true);
    assertEquals(/\d{3,}/.test(error.message.replaceAll(path, "").replace("float32", "")), false, error.message);
  }));
