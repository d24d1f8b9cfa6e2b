/**
 * Runs `deno task bench:suspects DIR…`: gives 5 % of the rows of each NAME_train.csv another label, and prints the share of flipped
 * rows among as many that `check --cross-validate 5` suspects most, beside scikit-learn in the same run.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "@std/cli/parse-args";
import { z } from "zod";
import { errorMessage } from "../../lib/base/errors.ts";
import { Random, Stream } from "../../lib/base/numbers/random.ts";
import { rowShape } from "../../lib/config/data_shape.ts";
import { isProblem } from "../../lib/formats/entry.ts";
import { readRows } from "../../lib/formats/rows.ts";
import { output } from "../command.ts";
import { environment, environmentLines } from "../environment.ts";
import { median } from "../measure.ts";
import { table } from "../table.ts";

const HELP = `Usage: deno task bench:suspects DIR… [--sets NAME,NAME] [--seeds 3] [--no-peers]

Each DIR holds files NAME_train.csv with the columns text and label.
`;

/** Debian's Python, which has the package python3-sklearn. */
const PYTHON = "/usr/bin/python3";
const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const PEERS = fileURLToPath(new URL("../peers/text_suspects.py", import.meta.url));

/** Share of the rows whose label is changed. */
const FLIPPED = 0.05;

const reading = z.object(rowShape).parse({});
const print = (lines: readonly string[]) => Deno.stdout.write(new TextEncoder().encode(`${lines.join("\n")}\n`));

/** Writes the rows of `from` to `to`, some with another label, and a column that tells which. */
async function flipLabels(from: string, to: string, seed: number): Promise<void> {
  const rows: { readonly text: string; readonly label: string }[] = [];
  for await (const entry of readRows([from], reading)) {
    if (!isProblem(entry) && "text" in entry) rows.push({ text: entry.text, label: entry.label });
  }
  const labels = [...new Set(rows.map(({ label }) => label))].sort();
  const random = new Random(seed, Stream.chaos).seek(0);
  const order = Uint32Array.from(rows.keys());
  random.shuffle(order);
  const flipped = new Set(order.subarray(0, Math.round(FLIPPED * rows.length)));
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const lines = rows.map(({ text, label }, row) => {
    if (!flipped.has(row)) return [quoted(text), quoted(label), "0"];
    const place = labels.indexOf(label);
    const other = labels[(place + 1 + random.below(labels.length - 1)) % labels.length]!;
    return [quoted(text), quoted(other), "1"];
  });
  await Deno.writeTextFile(to, [["text", "label", "flipped"], ...lines].map((line) => `${line.join(",")}\n`).join(""));
}

interface Trial {
  /** Share of flipped rows among as many suspected ones. */
  readonly found: number;
  readonly accuracy: number;
  readonly seconds: number;
}

const answerSchema = z.object({ crossValidation: z.object({ accuracy: z.number() }) });

/** Checks the file in a process of its own, as a user does; the seconds include reading and writing. */
async function checkOwn(file: string, seed: number): Promise<Trial> {
  const out = `${file}.suspects.csv`;
  const args = [file, "--cross-validate", "5", "--seed", `${seed}`, "--out", out, "--json"];
  const begun = performance.now();
  const answer = await output(Deno.execPath(), ["run", "-q", "-A", MAIN, "check", ...args]);
  const seconds = (performance.now() - begun) / 1000;
  const rows: { readonly isFlipped: boolean; readonly suspicion: number }[] = [];
  for await (const entry of readRows([out], { ...reading, originals: true })) {
    const [, , flipped, suspicion] = entry.original ?? [];
    rows.push({ isFlipped: flipped === "1", suspicion: Number(suspicion) });
  }
  const count = rows.filter(({ isFlipped }) => isFlipped).length;
  const suspected = rows.sort((a, b) => b.suspicion - a.suspicion).slice(0, count);
  return {
    found: suspected.filter(({ isFlipped }) => isFlipped).length / count,
    accuracy: answerSchema.parse(JSON.parse(answer)).crossValidation.accuracy,
    seconds,
  };
}

const peerLine = z.object({ setting: z.string(), found: z.number(), accuracy: z.number(), seconds: z.number() });

/** Returns the setting and rule of scikit-learn that finds most. */
async function checkPeer(file: string): Promise<z.infer<typeof peerLine>> {
  const lines = (await output(PYTHON, [PEERS, file])).trim().split("\n").map((line) =>
    peerLine.parse(JSON.parse(line))
  );
  return lines.reduce((best, line) => line.found > best.found ? line : best);
}

async function main(): Promise<void> {
  const args = parseArgs(Deno.args, { boolean: ["help", "no-peers"], string: ["sets", "seeds"] });
  if (args.help || args._.length === 0) return void await print([HELP]);
  const wanted = (args["sets"] as string | undefined)?.split(",");
  const sets = args._.map(String).flatMap((folder) =>
    [...Deno.readDirSync(folder)].flatMap(({ name: file }) => {
      const name = /^(.*)_train\.csv$/.exec(file)?.[1];
      return name === undefined || !(wanted?.includes(name) ?? true) ? [] : [{ name, path: join(folder, file) }];
    })
  ).sort((a, b) => a.name < b.name ? -1 : 1);
  await print([...environmentLines(environment(undefined)), ""]);
  const folder = await Deno.makeTempDir();
  const lines: string[][] = [];
  try {
    for (const { name, path } of sets) {
      const [own, peers]: [Trial[], Trial[]] = [[], []];
      let setting = "-";
      for (let seed = 1; seed <= Number(args["seeds"] ?? 3); seed++) {
        const file = join(folder, `${name}_${seed}.csv`);
        await flipLabels(path, file, seed);
        own.push(await checkOwn(file, seed));
        if (args["no-peers"]) continue;
        try {
          const peer = await checkPeer(file);
          peers.push(peer);
          setting = peer.setting;
        } catch (error) {
          await print([`scikit-learn is left out: ${errorMessage(error).split("\n").at(-1)}`]);
        }
      }
      const middle = (trials: readonly Trial[], part: keyof Trial) => median(trials.map((trial) => trial[part]));
      const share = (trials: readonly Trial[], part: "found" | "accuracy") =>
        trials.length === 0 ? "-" : `${(100 * middle(trials, part)).toFixed(1)}%`;
      const time = (trials: readonly Trial[]) =>
        trials.length === 0 ? "-" : `${middle(trials, "seconds").toFixed(1)} s`;
      lines.push([
        name,
        share(peers, "found"),
        share(own, "found"),
        share(peers, "accuracy"),
        share(own, "accuracy"),
        time(own),
        time(peers),
        setting,
      ]);
      await print([lines.at(-1)!.join("  ")]);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const head = [
    "set",
    "scikit-learn",
    "Lockstep",
    "its accuracy",
    "own accuracy",
    "time",
    "its time",
    "its best setting",
  ];
  await print(["", ...table(head, lines)]);
}

if (import.meta.main) await main();
