/** Runs with faults in their workers end with the digest of an uninterrupted run. Seeds choose round, worker and moment. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { resolveConfig } from "../../../lib/config/resolve.ts";
import { TrainingRun } from "../../../lib/run/training/training_run.ts";
import { inTemporaryDirectory } from "../../run/temporary.ts";
import { workerUrl } from "../../run/tiny_run.ts";
import { latestOf, run, TINY, withFolder } from "../process.ts";
import { eventsOf } from "./killing.ts";

const recipe = [...TINY, "--epochs", "3", "--target-accuracy", "0", "--held-out", "300", "--exit", "--port", "0"];

/** Says the same as `recipe`. */
const values = { hidden: 8, embedding: 4, batchSize: 16, stepsPerEpoch: 4, epochs: 3, targetAccuracy: 0, heldOut: 300 };

async function digest(folder: string): Promise<string> {
  return JSON.parse(await Deno.readTextFile(`${await latestOf(folder)}/summary.json`)).digest;
}

const SEEDS = Array.from({ length: 10 }, (_, index) => index + 1);

/** Each loses one worker: one that computes without end takes a core from the others until its process ends. */
const SPIN_SEEDS = [6, 7, 10, 11, 13, 19, 20, 22, 25, 26];

interface Outcome {
  readonly digest: string;
  readonly lost: number;
}

/** Counts the workers that the run in `directory` lost. */
async function lostWorkers(directory: string): Promise<number> {
  const events = await eventsOf(directory);
  return events.filter((event) => event.type === "incident" && event.message.startsWith("Worker ")).length;
}

/** Trains in this process, whose worker threads may throw or exit. */
async function trainHere(seed: number, chaos = "", workerTimeout = 30): Promise<Outcome> {
  let outcome = { digest: "", lost: 0 };
  await inTemporaryDirectory(async (runsDir) => {
    const given = { ...values, workers: 2, seed, chaos, workerTimeout, maxRestarts: 1000, runsDir };
    const config = resolveConfig(undefined, [{ values: given, nameOf: (key) => key }]);
    const run = await TrainingRun.create({ config, workerUrl, cores: 1 });
    const { digest } = await run.train();
    outcome = { digest, lost: await lostWorkers(run.directory) };
  });
  return outcome;
}

/** Trains in a process of its own, whose worker threads may hang: they end with it. */
async function trainThere(seed: number, chaos: string, workerTimeout: number): Promise<Outcome> {
  let outcome = { digest: "", lost: 0 };
  await withFolder(async (folder) => {
    const flags = ["--runs-dir", folder, "--seed", String(seed), "--chaos", chaos, "--max-restarts", "1000"];
    const args = [...recipe, ...flags, "--worker-timeout", workerTimeout.toFixed(2)];
    const { code, stdout } = await run("train", folder, args);
    assertEquals(code, 0, stdout);
    outcome = { digest: await digest(folder), lost: await lostWorkers(await latestOf(folder)) };
  });
  return outcome;
}

/** Digests of uninterrupted runs, by seed. */
const expected = new Map<number, string>();

// Two runs side by side, as most of the time is waiting; those that compute without end take a core each.
const ways = [["kill", 2, SEEDS], ["exit", 2, SEEDS], ["hang", 2, SEEDS], ["spin", 1, SPIN_SEEDS]] as const;
for (const [way, atOnce, seeds] of ways) {
  Deno.test(`${seeds.length} of ${seeds.length} runs end with the digest of an uninterrupted run after workers that ${way}`, async () => {
    let lost = 0;
    const left = [...seeds];
    const trainAll = async (): Promise<void> => {
      for (let seed = left.pop(); seed !== undefined; seed = left.pop()) {
        const begun = performance.now();
        const right = (await trainHere(seed)).digest;
        assertEquals(right, expected.get(seed) ?? right);
        expected.set(seed, right);
        // A busy machine is silent for a while itself: a worker is given more than what a whole run takes now.
        const workerTimeout = Math.min(Math.max(0.25, (performance.now() - begun) / 500), 30);
        const train = way === "kill" || way === "exit" ? trainHere : trainThere;
        const found = await train(seed, `${way}=0.08`, workerTimeout);
        assertEquals(found.digest, right, `seed ${seed}`);
        lost += found.lost;
      }
    };
    await Promise.all(Array.from({ length: atOnce }, trainAll));
    assert(lost >= 6, `only ${lost} workers were lost`);
  });
}

Deno.test("random delays change nothing", () =>
  withFolder(async (folder) => {
    const flags = [...recipe, "--runs-dir", folder];
    await run("train", folder, flags);
    const expected = await digest(folder);
    await run("train", folder, [...flags, "--chaos", "slow=0.5", "--workers", "4"]);
    assertEquals(await digest(folder), expected);
  }));

Deno.test("training fails after --max-restarts, with a checkpoint of what was committed", () =>
  withFolder(async (folder) => {
    const flags = [...recipe, "--runs-dir", folder, "--epochs", "1000", "--chaos", "kill=0.4", "--max-restarts", "2"];
    const { code, stdout } = await run("train", folder, flags);
    assertEquals(code, 1);
    assertStringIncludes(stdout, "(restart 2 of 2)");
    assertStringIncludes(stdout, "killed by --chaos, after 2 restarts");
    const resumed = await run("resume", folder, [`${folder}/latest`, "--exit", "--port", "0", "--max-seconds", "0.2"]);
    assertEquals(resumed.code, 0);
    assertStringIncludes(resumed.stdout, "Resumed after round");
  }));
