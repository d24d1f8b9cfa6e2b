/**
 * Runs `deno task bench:size DIR…`: trains on each NAME_train.csv with defaults only, exports the model in several sizes, and
 * evaluates each on NAME_test.csv, beside fastText's `quantize` in the same sizes.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "@std/cli/parse-args";
import { z } from "zod";
import { errorMessage } from "../../lib/base/errors.ts";
import { load } from "../../mod.ts";
import { output } from "../command.ts";
import { environment, environmentLines } from "../environment.ts";
import { table } from "../table.ts";
import { findSets, type TextSet } from "./accuracy.ts";

const HELP = `Usage: deno task bench:size DIR… [--sets NAME,NAME] [--seeds 1] [--no-peers]

Each DIR holds pairs of NAME_train.csv and NAME_test.csv with the columns text and label.
`;

const pathOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const SIZES = [1_000_000, 300_000, 100_000];

const print = (lines: readonly string[]) => Deno.stdout.write(new TextEncoder().encode(`${lines.join("\n")}\n`));
const main = (args: readonly string[]) => output(Deno.execPath(), ["run", "-q", "-A", pathOf("main.ts"), ...args]);

interface Sized {
  readonly bytes: number;
  readonly accuracy: number;
}

/** Returns the whole model of a run and one of each size, as a user gets them. */
async function trainOwn({ train, test }: TextSet, seed: number): Promise<Sized[]> {
  const folder = await Deno.makeTempDir();
  try {
    await main(["train", "--data", train, "--seed", `${seed}`, "--runs-dir", folder, "--port", "0", "--exit"]);
    const run = join(folder, (await Deno.readTextFile(join(folder, "latest"))).trim());
    const found: Sized[] = [];
    for (const size of [undefined, ...SIZES]) {
      const target = join(folder, `${size}`);
      await main(["export", run, "--to", "js", "--out", target, ...size === undefined ? [] : ["--size", `${size}`]]);
      const file = join(target, "model.lockstep");
      await using model = await load(file);
      const { accuracy } = await model.evaluate(test);
      found.push({ bytes: (await Deno.stat(file)).size, accuracy });
    }
    return found;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const peerLine = z.object({ size: z.number(), bytes: z.number(), setting: z.string(), accuracy: z.number() });
type Peer = z.infer<typeof peerLine>;

async function trainPeer({ train, test }: TextSet): Promise<Peer[]> {
  const lines = await output("/usr/bin/python3", [
    pathOf("bench/peers/fasttext_size.py"),
    train,
    test,
    ...SIZES.map(String),
  ]);
  return lines.split("\n").filter(Boolean).map((line) => peerLine.parse(JSON.parse(line)));
}

if (import.meta.main) {
  const args = parseArgs(Deno.args, { boolean: ["help", "no-peers"], string: ["sets", "seeds"] });
  if (args.help || args._.length === 0) {
    await print([HELP]);
    Deno.exit();
  }
  const wanted = (args["sets"] as string | undefined)?.split(",");
  await print([...environmentLines(environment(undefined)), ""]);
  const rows: string[][] = [];
  for (const set of findSets(args._.map(String)).filter(({ name }) => wanted?.includes(name) ?? true)) {
    let peers: Peer[] = [];
    try {
      if (!args["no-peers"]) peers = await trainPeer(set);
    } catch (error) {
      await print([`fastText is left out: ${errorMessage(error).split("\n").at(-1)}`]);
    }
    for (let seed = 1; seed <= Number(args["seeds"] ?? 1); seed++) {
      const [whole, ...small] = await trainOwn(set, seed);
      const line = (size: string, own: Sized, peer?: Peer) => {
        const kB = (bytes: number) => `${(bytes / 1000).toFixed(0)} kB`;
        const ofPeer = peer ? [peer.accuracy.toFixed(3), kB(peer.bytes), peer.setting] : ["-", "-", "-"];
        return [set.name, String(seed), size, own.accuracy.toFixed(4), kB(own.bytes), ...ofPeer];
      };
      rows.push(line("whole", whole!));
      SIZES.forEach((size, at) =>
        rows.push(line(`${size / 1000} kB`, small[at]!, peers.find((peer) => peer.size === size)))
      );
      await print(rows.slice(-SIZES.length - 1).map((row) => row.join("  ")));
    }
  }
  await print(["", ...table(["set", "seed", "size", "Lockstep", "bytes", "fastText", "bytes", "setting"], rows)]);
}
