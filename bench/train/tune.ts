/**
 * Runs `deno task bench:tune DIR…`: on each NAME_train.csv, trains with defaults, searches for a better config for some minutes,
 * and lets fastText search for as long. Prints the accuracies on NAME_test.csv, which no search saw.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "@std/cli/parse-args";
import { z } from "zod";
import { errorMessage } from "../../lib/base/errors.ts";
import { output } from "../command.ts";
import { environment, environmentLines } from "../environment.ts";
import { table } from "../table.ts";
import { findSets, print, PYTHON, shown, type TextSet, trainOwn } from "./accuracy.ts";

const HELP = `Usage: deno task bench:tune DIR… [--minutes 3] [--sets NAME,NAME] [--seed 1] [--no-peer]

Each DIR holds pairs of NAME_train.csv and NAME_test.csv with the columns text and label.
`;

const PEER = fileURLToPath(new URL("../peers/fasttext_autotune.py", import.meta.url));

/** A gain that counts. */
const GAIN = 0.005;

const peerResult = z.object({ accuracy: z.number(), seconds: z.number() });

/** Returns the accuracy of fastText after a search of `minutes`; NaN where it is not installed. */
async function tunePeer({ train, test }: TextSet, minutes: number): Promise<number> {
  try {
    const line = await output(PYTHON, [PEER, train, test, String(Math.round(60 * minutes))]);
    return peerResult.parse(JSON.parse(line)).accuracy;
  } catch (error) {
    await print([`fastText is left out: ${errorMessage(error).split("\n").at(-1)}`]);
    return NaN;
  }
}

async function main(): Promise<void> {
  const args = parseArgs(Deno.args, { boolean: ["help", "no-peer"], string: ["sets", "seed", "minutes"] });
  if (args.help || args._.length === 0) return void await print([HELP]);
  const wanted = (args["sets"] as string | undefined)?.split(",");
  const sets = findSets(args._.map(String)).filter(({ name }) => wanted?.includes(name) ?? true);
  const [seed, minutes] = [Number(args["seed"] ?? 1), Number(args["minutes"] ?? 3)];
  await print([...environmentLines(environment(undefined)), ""]);
  const rows: string[][] = [];
  let better = 0;
  for (const set of sets) {
    const defaults = await trainOwn(set, seed);
    const tuned = await trainOwn(set, seed, ["tune", "--minutes", String(minutes)]);
    const peer = args["no-peer"] ? NaN : await tunePeer(set, minutes);
    const gain = tuned.accuracy - defaults.accuracy;
    if (gain >= GAIN) better++;
    const signed = `${gain < 0 ? "" : "+"}${gain.toFixed(4)}`;
    rows.push([set.name, shown(peer), shown(defaults.accuracy), shown(tuned.accuracy), signed]);
    await print([rows.at(-1)!.join("  ")]);
  }
  const head = ["set", "fastText's search", "defaults", `${minutes} minutes`, "gain"];
  await print(["", ...table(head, rows), "", `Better by ${GAIN} or more: ${better} of ${sets.length} sets`]);
}

if (import.meta.main) await main();
