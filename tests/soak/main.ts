/**
 * Trains random configs for a given time, each without faults on one worker and then with faults, and compares the results:
 *
 *     deno task soak --minutes 60 --seed 7
 *
 * A failure names the command that repeats it. The times of kills are drawn too, but their effect depends on the speed of
 * the machine.
 */
import { parseArgs } from "@std/cli/parse-args";
import { mkdir } from "node:fs/promises";
import { natsAbsence } from "../cluster/nats/nats_server.ts";
import { oneMachineTrials, trainWith } from "./one_machine.ts";
import { clusterTrials } from "./cluster.ts";
import { drawConfig } from "./configs.ts";
import { Draws } from "./draw.ts";
import { isSame, type Outcome, outcomeOf } from "./outcome.ts";

const USAGE = "deno task soak [--minutes N] [--seed N] [--first INDEX] [--configs N]";
/** Limits the trials of each config. */
const TRIALS_A_CONFIG = 4;

const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));

const numbers = ["minutes", "seed", "first", "configs"];
const args = parseArgs(Deno.args, { string: numbers, unknown: (flag) => refuse(`Unknown argument "${flag}"`) });
const minutes = numberOf("minutes", 60);
const seed = numberOf("seed", Math.floor(Math.random() * 2 ** 32));
const first = numberOf("first", 0);
const last = first + numberOf("configs", Infinity);

const absence = natsAbsence();
if (absence) say(`No trials of clusters: ${absence}`);
const trials = { ...oneMachineTrials, ...(absence ? {} : clusterTrials) };
const counts = new Map(["uninterrupted", ...Object.keys(trials)].map((kind) => [kind, { trials: 0, failures: 0 }]));
const end = performance.now() + minutes * 60_000;
say(`Seed ${seed}, ${minutes} minutes`);
let index = first;
for (; index < last && performance.now() < end; index++) await soak(index);

say("");
for (const [kind, { trials, failures }] of counts) say(`${kind.padEnd(40)}${trials} trials, ${failures} failures`);
const total = [...counts.values()].reduce((sum, { trials, failures }) => ({
  trials: sum.trials + trials,
  failures: sum.failures + failures,
}));
say(`${index - first} configs of seed ${seed}: ${total.trials} trials, ${total.failures} failures`);
Deno.exit(total.failures === 0 ? 0 : 1);

/** Trains config `index` without faults, and then in some of the trials. */
async function soak(index: number): Promise<void> {
  const draws = new Draws(seed, index);
  const folder = await Deno.makeTempDir({ prefix: "lockstep-soak-" });
  const config = await drawConfig(draws, folder);
  const setting = { config, folder, draws, seconds: 0 };
  const startedAt = performance.now();
  let hasFailed = false;
  const failed = (kind: string, detail: string) => {
    hasFailed = true;
    counts.get(kind)!.failures++;
    say(`FAILED: config ${index}, ${kind}: ${detail}`);
    say(`  Again: deno task soak --seed ${seed} --first ${index} --configs 1; its runs are in ${folder}`);
    say(`  Flags: ${config.flags.join(" ")}`);
  };
  counts.get("uninterrupted")!.trials++;
  const runs = `${folder}/uninterrupted`;
  const expected = await outcomeOf(
    runs,
    await trainWith({ ...setting, runs }, ["--workers=1", "--kernels=wasm"]).ended,
  );
  const seconds = (performance.now() - startedAt) / 1000;
  // A training that fails without faults is a result too; a refused config is an error of the soak.
  if (expected.code > 1) failed("uninterrupted", expected.story);
  const isForClusters = config.isForClusters && expected.code === 0;
  const kinds = Object.entries(trials).filter(([kind]) => isForClusters || !kind.startsWith("cluster"));
  const offset = draws.whole(0, kinds.length - 1);
  for (let i = 0; i < TRIALS_A_CONFIG && !hasFailed && performance.now() < end; i++) {
    const [kind, trial] = kinds[(offset + i) % kinds.length]!;
    const trialRuns = `${folder}/${i}`;
    await mkdir(trialRuns);
    counts.get(kind)!.trials++;
    try {
      const outcome = await trial({ ...setting, runs: trialRuns, seconds });
      if (isSame(expected, outcome, kind in clusterTrials)) say(`ok: config ${index}, ${kind}`);
      else failed(kind, differenceOf(expected, outcome));
    } catch (error) {
      failed(kind, error instanceof Error ? error.stack ?? error.message : String(error));
    }
  }
  if (!hasFailed) await Deno.remove(folder, { recursive: true });
}

/** Describes the first difference of two outcomes. */
function differenceOf(expected: Outcome, found: Outcome): string {
  const [one, other] = [expected, found].map(({ story, log }) => [story, ...log].join("; "));
  const at = [...one!].findIndex((letter, i) => letter !== other![i]);
  const part = ({ code, story, log }: Outcome) =>
    `exit code ${code}, …${[story, ...log].join("; ").slice(Math.max(0, at - 60), at + 400)}…`;
  return `expected ${part(expected)}, and it is ${part(found)}`;
}

function numberOf(name: string, otherwise: number): number {
  const given: unknown = args[name];
  if (given === undefined) return otherwise;
  const value = Number(given);
  if (given === "" || !Number.isFinite(value) || value < 0) refuse(`--${name} is "${given}": expected a number`);
  return value;
}

function refuse(message: string): never {
  say(`error: ${message}. Usage: ${USAGE}`);
  Deno.exit(2);
}
