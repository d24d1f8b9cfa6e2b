/**
 * Runs `deno task bench:accuracy DIR…`: trains on each NAME_train.csv with defaults only and evaluates on NAME_test.csv, beside
 * scikit-learn and fastText in the same run. Prints the median of the seeds.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "@std/cli/parse-args";
import { z } from "zod";
import { errorMessage } from "../../lib/base/errors.ts";
import { output } from "../command.ts";
import { environment, environmentLines } from "../environment.ts";
import { median } from "../measure.ts";
import { table } from "../table.ts";

const HELP = `Usage: deno task bench:accuracy DIR… [--sets NAME,NAME] [--seeds 3] [--no-peers]

Each DIR holds pairs of NAME_train.csv and NAME_test.csv with the columns text and label.
`;

/** Debian's Python, which has the package python3-sklearn. */
export const PYTHON = "/usr/bin/python3";
const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const PEERS = fileURLToPath(new URL("../peers/text_accuracy.py", import.meta.url));

export interface TextSet {
  readonly name: string;
  readonly train: string;
  readonly test: string;
}

export interface Trial {
  readonly accuracy: number;
  readonly seconds: number;
}

export const print = (lines: readonly string[]): Promise<number> =>
  Deno.stdout.write(new TextEncoder().encode(`${lines.join("\n")}\n`));

/** Finds the pairs of files in `folders`. */
export function findSets(folders: readonly string[]): TextSet[] {
  return folders.flatMap((folder) => {
    const files = readdirSync(folder).sort();
    return files.flatMap((file) => {
      const name = /^(.*)_train\.csv$/.exec(file)?.[1];
      if (name === undefined || !files.includes(`${name}_test.csv`)) return [];
      return [{ name, train: join(folder, file), test: join(folder, `${name}_test.csv`) }];
    });
  });
}

const part = z.object({ accuracy: z.number() });
const summarySchema = z.object({
  test: part,
  lstm: z.object({ share: z.number(), test: part }).optional(),
  baseline: z.object({ test: part }).optional(),
});

export interface OwnTrial extends Trial {
  /** Accuracy of the parts, and the weight of the LSTM. */
  readonly lstm: number;
  readonly baseline: number;
  readonly share: number;
}

/** Runs `command` with defaults in a process of its own, as a user does; the seconds include reading and writing. */
export async function trainOwn(
  { train, test }: TextSet,
  seed: number,
  command: readonly string[] = ["train"],
): Promise<OwnTrial> {
  const runsDir = await Deno.makeTempDir();
  try {
    const args = ["--data", train, "--test", test, "--seed", `${seed}`, "--runs-dir", runsDir, "--port", "0", "--exit"];
    const begun = performance.now();
    await output(Deno.execPath(), ["run", "-q", "-A", MAIN, ...command, ...args]);
    const seconds = (performance.now() - begun) / 1000;
    const run = (await Deno.readTextFile(join(runsDir, "latest"))).trim();
    const json = JSON.parse(await Deno.readTextFile(join(runsDir, run, "summary.json")));
    const { test: { accuracy }, lstm, baseline } = summarySchema.parse(json);
    return {
      accuracy,
      seconds,
      lstm: lstm?.test.accuracy ?? NaN,
      baseline: baseline?.test.accuracy ?? NaN,
      share: lstm?.share ?? NaN,
    };
  } finally {
    await Deno.remove(runsDir, { recursive: true });
  }
}

const peerLine = z.object({ peer: z.string(), setting: z.string(), accuracy: z.number(), seconds: z.number() });

/** Returns the best trial of each peer; empty where they are not installed. */
async function trainPeers({ train, test }: TextSet): Promise<Map<string, Trial>> {
  const best = new Map<string, Trial>();
  for (const line of (await output(PYTHON, [PEERS, train, test])).split("\n")) {
    const { peer, accuracy, seconds } = peerLine.parse(JSON.parse(line));
    if (accuracy > (best.get(peer)?.accuracy ?? -1)) best.set(peer, { accuracy, seconds });
  }
  return best;
}

export const shown = (accuracy: number | undefined): string =>
  accuracy === undefined || Number.isNaN(accuracy) ? "-" : accuracy.toFixed(4);
const middle = (values: readonly number[]) => median([...values]);

async function main(): Promise<void> {
  const args = parseArgs(Deno.args, {
    boolean: ["help", "no-peers"],
    string: ["sets", "seeds"],
  });
  if (args.help || args._.length === 0) return void await print([HELP]);
  const wanted = (args["sets"] as string | undefined)?.split(",");
  const sets = findSets(args._.map(String)).filter(({ name }) => wanted?.includes(name) ?? true);
  await print([...environmentLines(environment(undefined)), ""]);
  const rows: string[][] = [];
  for (const set of sets) {
    let peers = new Map<string, Trial>();
    try {
      if (!args["no-peers"]) peers = await trainPeers(set);
    } catch (error) {
      await print([`The peers are left out: ${errorMessage(error).split("\n").at(-1)}`]);
    }
    const trials: OwnTrial[] = [];
    for (let seed = 1; seed <= Number(args["seeds"] ?? 3); seed++) trials.push(await trainOwn(set, seed));
    const own = middle(trials.map(({ accuracy }) => accuracy));
    const peer = Math.max(...[...peers.values()].map(({ accuracy }) => accuracy));
    rows.push([
      set.name,
      shown(peers.get("fastText")?.accuracy),
      shown(peers.get("scikit-learn")?.accuracy),
      shown(own),
      peers.size === 0 ? "-" : `${own >= peer ? "+" : ""}${(own - peer).toFixed(4)}`,
      shown(middle(trials.map(({ baseline }) => baseline))),
      shown(middle(trials.map(({ lstm }) => lstm))),
      middle(trials.map(({ share }) => share)).toFixed(2),
      `${middle(trials.map(({ seconds }) => seconds)).toFixed(1)} s`,
      `${peers.get("scikit-learn")?.seconds.toFixed(1) ?? "-"} s`,
    ]);
    await print([rows.at(-1)!.join("  ")]);
  }
  const head = [
    "set",
    "fastText",
    "scikit-learn",
    "Lockstep",
    "ahead",
    "n-grams",
    "LSTM",
    "share",
    "time",
    "sklearn's",
  ];
  await print(["", ...table(head, rows)]);
}

if (import.meta.main) await main();
