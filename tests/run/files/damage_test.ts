/**
 * Tests damage to any file of a run: each reader reports it, or ends with the digest of the uninterrupted run. A seed
 * chooses the place of the damage.
 */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { InputError, TrainingError } from "../../../lib/base/errors.ts";
import { StopReason } from "../../../lib/lockstep/memory/control.ts";
import { Random, Stream } from "../../../lib/base/numbers/random.ts";
import { RunLibrary } from "../../../lib/run/library/library.ts";
import { readModel } from "../../../lib/run/files/model_files.ts";
import { finalSummary } from "../../../lib/run/log/summary.ts";
import { TrainingRun } from "../../../lib/run/training/training_run.ts";
import { verifyRun } from "../../../lib/run/training/verify.ts";
import { latestOf, run as runTask, withFolder } from "../../cli/process.ts";
import { keepThreads } from "../../lockstep/kept_threads.ts";
import { filesOf, KINDS, withDamaged } from "./damage.ts";
import { inTemporaryDirectory } from "../temporary.ts";
import { createTinyRun, tinyRunConfig, workerUrl } from "../tiny_run.ts";

keepThreads(4);

const change = {
  epochs: 30,
  heldOut: 60,
  learningRate: 0.1,
  restoreBest: true,
  checkpointEvery: 6,
  keepCheckpoints: 2,
} as const;

/** Calls `use` with a finished run, and a stopped run with some checkpoints. Both end with the same digest. */
async function withRuns(use: (finished: string, stopped: string, digest: string) => Promise<void>): Promise<void> {
  await inTemporaryDirectory(async (runsDir) => {
    const finished = await createTinyRun(runsDir, change, 1);
    const { digest } = await finished.train();
    const stopped = await createTinyRun(runsDir, { ...change, chaos: "slow=1" }, 1);
    const stopping = (async () => {
      let checkpoints = 0;
      for await (const { type } of stopped.log.read(0, new AbortController().signal)) {
        if (type === "checkpoint" && ++checkpoints === 3) stopped.stop(StopReason.signal);
      }
    })();
    await stopped.train();
    await stopping;
    await use(finished.directory, stopped.directory, digest);
  });
}

/** Returns the result of `read`, or undefined if it refuses with a message. Any other error is a failure. */
async function refusable<Value>(what: string, read: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await read();
  } catch (error) {
    const isRefusal = error instanceof InputError || error instanceof RangeError || error instanceof TrainingError ||
      (error instanceof Error && "code" in error);
    assert(isRefusal && error.message.length > 10, `${what}: ${error instanceof Error ? error.stack : error}`);
    return undefined;
  }
}

async function resumed(directory: string): Promise<string> {
  const config = tinyRunConfig(join(directory, ".."), change);
  const final = await finalSummary(directory, { id: directory.split("/").at(-1)!, config });
  if (final) return final.digest;
  const run = await TrainingRun.resume(directory, { config, workerUrl, cores: 1 });
  return (await run.train()).digest;
}

/** Returns whether a repeated training has the digests that the run recorded. */
async function verified(directory: string): Promise<boolean> {
  const config = tinyRunConfig(join(directory, ".."), change);
  for await (const { recorded, computed } of verifyRun(directory, { config, workerUrl, cores: 1 })) {
    if (recorded !== computed) return false;
  }
  return true;
}

function randomOf(seed: number): Random {
  const random = new Random(seed, Stream.chaos);
  random.seek(0);
  return random;
}

Deno.test("no damage to any file of a run makes resume end with another digest", () =>
  withRuns(async (finished, stopped, digest) => {
    let [seed, same, refused] = [0, 0, 0];
    for (const directory of [finished, stopped]) {
      const files = (await filesOf(directory)).filter((file) => !file.startsWith("model"));
      assert(files.length >= 5, files.join());
      const cases = files.flatMap((file) => KINDS.map((damage) => ({ file, damage, seed: ++seed })));
      // Two runs at a time: each spends most of its time on waits for updates.
      await Promise.all([cases.splice(cases.length >> 1), cases].map(async (half) => {
        for (const { file, damage, seed } of half) {
          const what = `${file} ${damage}, seed ${seed}`;
          await withDamaged(directory, file, damage, randomOf(seed), async (copy) => {
            const end = await refusable(what, () => resumed(copy));
            if (end === undefined) return void refused++;
            assertEquals(end, digest, what);
            same++;
          });
        }
      }));
    }
    assert(same > 20 && refused > 5, `${same} ended with the digest, ${refused} were refused`);
  }));

Deno.test("verify describes any damage to a log or a config, or finds the same digests", () =>
  withRuns(async (finished) => {
    let [seed, same] = [1000, 0];
    for (const file of ["events.jsonl", "run.json"]) {
      for (const damage of [...KINDS, ...KINDS]) {
        const what = `${file} ${damage}, seed ${++seed}`;
        await withDamaged(finished, file, damage, randomOf(seed), async (copy) => {
          if (await refusable(what, () => verified(copy))) same++;
        });
      }
    }
    assert(same < 2 * 2 * KINDS.length, "no damage was found");
  }));

Deno.test("no damage to any file of a run gives a model or a list of runs another digest", () =>
  withRuns(async (finished, _, digest) => {
    let [read, refused, unlisted, seed] = [0, 0, 0, 5000];
    for (const file of await filesOf(finished)) {
      for (const damage of KINDS.flatMap((kind) => new Array(6).fill(kind))) {
        const what = `${file} ${damage}, seed ${++seed}`;
        await withDamaged(finished, file, damage, randomOf(seed), async (copy) => {
          const model = await refusable(what, () => readModel(copy));
          if (model) assertEquals(model.version.digest, digest, what);
          const library = RunLibrary.saved(copy, copy.split("/").at(-1)!);
          const [detail] = await library.list();
          if (detail?.summary) assertEquals(detail.summary.digest, digest, what);
          model ? read++ : refused++;
          if (!detail) unlisted++;
        });
      }
    }
    assert(read > 50 && refused > 50 && unlisted > 5, `${read} read, ${refused} refused, ${unlisted} not listed`);
  }));

Deno.test("the commands report damage in one line, with exit code 1 or 2", () =>
  withFolder(async (folder) => {
    const flags = [
      "--hidden",
      "4",
      "--embedding",
      "4",
      "--epochs",
      "2",
      "--target-accuracy",
      "0",
      "--runs-dir",
      folder,
    ];
    await runTask("train", folder, [...flags, "--exit", "--port", "0"]);
    const directory = await latestOf(folder);
    const cases = [
      ["resume", "run.json", "truncated"],
      ["resume", "events.jsonl", "that is a directory"],
      ["verify", "events.jsonl", "that is gone"],
      ["verify", "run.json", "that is a directory"],
      ["predict", "model/weights.bin", "with a bit flipped"],
      ["serve", "model/lockstep.json", "with garbage in it"],
    ] as const;
    for (const [index, [task, file, damage]] of cases.entries()) {
      await withDamaged(directory, file, damage, randomOf(9000 + index), async (copy) => {
        const { code, stderr } = await runTask(task, copy, [copy, ...(task === "resume" ? ["--port", "0"] : [])]);
        assert(code === 1 || code === 2, `${task} with ${file} ${damage} left with ${code}`);
        assert(/^error: .+\n$/.test(stderr) && !stderr.includes("    at "), stderr);
      });
    }
  }));
