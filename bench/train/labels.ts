/**
 * Runs `deno task bench:labels [FILE…]`: trains with defaults only on the first four fifths of files of fastText's format with
 * several labels a line, by default the rows of examples/recipes.ts, and prints the micro-F1 on the others beside that of
 * fastText with `-loss ova` in the same run, at the best of its thresholds for these rows.
 */
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { output } from "../command.ts";
import { environment, environmentLines } from "../environment.ts";
import { table } from "../table.ts";

const pathOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Usual settings of fastText: epochs, n-grams and learning rate. */
const SETTINGS = [[25, 2, 0.5], [50, 2, 1], [100, 2, 1]] as const;
const THRESHOLDS = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5];

interface Result {
  readonly model: string;
  readonly microF1: number;
  readonly seconds: number;
}

const summarySchema = z.object({ test: z.object({ several: z.object({ microF1: z.number() }) }) });

async function trainOwn(folder: string): Promise<Result> {
  const files = ["--data", join(folder, "train.txt"), "--test", join(folder, "test.txt")];
  const begun = performance.now();
  const args = ["train", ...files, "--runs-dir", folder, "--port", "0", "--exit"];
  await output(Deno.execPath(), ["run", "-q", "-A", pathOf("main.ts"), ...args]);
  const seconds = (performance.now() - begun) / 1000;
  const run = (await Deno.readTextFile(join(folder, "latest"))).trim();
  const { test } = summarySchema.parse(JSON.parse(await Deno.readTextFile(join(folder, run, "summary.json"))));
  return { model: "Lockstep", microF1: test.several.microF1, seconds };
}

/** Cuts lines as fastText's tutorial does: small letters, and spaces around signs. */
function cut(lines: readonly string[]): string {
  return lines.map((line) => `${line.toLowerCase().replaceAll(/([.!?,'/()":;])/g, " $1 ")}\n`).join("");
}

async function trainFastText(folder: string, [epochs, grams, rate]: typeof SETTINGS[number]): Promise<Result> {
  const model = join(folder, "fasttext");
  const options = { epoch: epochs, wordNgrams: grams, lr: rate, loss: "ova", dim: 50, bucket: 200_000, thread: 2 };
  const args = Object.entries(options).flatMap(([name, value]) => [`-${name}`, String(value)]);
  const begun = performance.now();
  await output("fasttext", ["supervised", "-input", join(folder, "train.cut"), "-output", model, ...args]);
  const seconds = (performance.now() - begun) / 1000;
  let best = 0;
  for (const threshold of THRESHOLDS) {
    const found = await output("fasttext", ["test", `${model}.bin`, join(folder, "test.cut"), "-1", String(threshold)]);
    const [precision, recall] = ["P", "R"].map((name) =>
      Number(new RegExp(`^${name}@-1\\s+(\\S+)`, "m").exec(found)?.[1])
    );
    best = Math.max(best, 2 * precision! * recall! / (precision! + recall!) || 0);
  }
  return { model: `fastText, ${epochs} epochs, ${grams}-grams, rate ${rate}`, microF1: best, seconds };
}

/** Returns the rows of the result of a file. */
async function compare(name: string, text: string): Promise<string[][]> {
  const lines = text.trim().split("\n");
  const parts = {
    train: lines.slice(0, Math.floor(0.8 * lines.length)),
    test: lines.slice(Math.floor(0.8 * lines.length)),
  };
  const folder = await Deno.makeTempDir();
  try {
    for (const [part, rows] of Object.entries(parts)) {
      await Deno.writeTextFile(join(folder, `${part}.txt`), `${rows.join("\n")}\n`);
      await Deno.writeTextFile(join(folder, `${part}.cut`), cut(rows));
    }
    const results = [await trainOwn(folder)];
    for (const setting of SETTINGS) results.push(await trainFastText(folder, setting));
    return results.map(({ model, microF1, seconds }) => [name, model, microF1.toFixed(4), `${seconds.toFixed(1)} s`]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function main(): Promise<void> {
  const print = (lines: readonly string[]) => Deno.stdout.write(new TextEncoder().encode(`${lines.join("\n")}\n`));
  await print([...environmentLines(environment(undefined)), ""]);
  const rows: string[][] = [];
  if (Deno.args.length === 0) {
    rows.push(...await compare("recipes", await output(Deno.execPath(), ["run", "-q", pathOf("examples/recipes.ts")])));
  }
  for (const file of Deno.args) rows.push(...await compare(basename(file), await Deno.readTextFile(file)));
  await print(table(["set", "model", "micro-F1", "training"], rows));
}

if (import.meta.main) await main();
