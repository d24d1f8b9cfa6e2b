/**
 * Runs `deno task bench:active DIR`: simulates people who label rows of NAME_train.csv in batches, in random order and as
 * `GET /uncertain` ranks them. Prints the accuracy on NAME_test.csv after each batch, and the labels that each order needs for
 * the accuracy that random order has in the end.
 */
import { rm } from "node:fs/promises";
import { parseArgs } from "@std/cli/parse-args";
import { z } from "zod";
import { Random, Stream } from "../../lib/base/numbers/random.ts";
import { rowShape } from "../../lib/config/data_shape.ts";
import { readRows } from "../../lib/formats/rows.ts";
import { UncertainInputs } from "../../lib/predict/uncertain.ts";
import { type Model, train } from "../../mod.ts";
import { environment, environmentLines } from "../environment.ts";
import { table } from "../table.ts";
import { findSets, print, shown } from "./accuracy.ts";

const HELP =
  `Usage: deno task bench:active DIR [--set banking77] [--first 200] [--batch 200] [--last 2000] [--seeds 1,2]

DIR holds NAME_train.csv and NAME_test.csv with the columns text and label. Training is from the start after each batch.
`;

/** A small LSTM, so that a simulation takes minutes. */
const OPTIONS = { hidden: 16, epochs: 4, workers: 1 } as const;

/** Texts that are predicted together. */
const AT_ONCE = 1000;

interface Row {
  readonly text: string;
  readonly label: string;
}

async function rowsOf(path: string): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of readRows([path], z.object(rowShape).parse({}))) {
    if ("text" in row && typeof row.label === "string") rows.push({ text: row.text, label: row.label });
  }
  return rows;
}

/** Returns `rows` in an order that depends on `seed`. */
function shuffled(rows: readonly Row[], seed: number): Row[] {
  const random = new Random(seed, Stream.split);
  return rows.map((row, at) => ({ row, key: random.seek(at).uniform() })).sort((a, b) => a.key - b.key)
    .map(({ row }) => row);
}

/** Chooses the next rows to label of `pool`. */
type Order = (pool: readonly Row[], count: number, model: Model) => Promise<readonly Row[]>;

const ORDERS: Readonly<Record<string, Order>> = {
  random: (pool, count) => Promise.resolve(pool.slice(0, count)),
  async "least sure"(pool, count, model) {
    const texts = pool.map(({ text }) => text);
    const uncertain = new UncertainInputs({ most: count, labels: model.labels });
    for (let from = 0; from < texts.length; from += AT_ONCE) {
      const some = texts.slice(from, from + AT_ONCE);
      uncertain.observe(some, { predictions: await model.predictMany(some), digest: model.digest });
    }
    const wanted = new Set(uncertain.list(count).map(({ row }) => row["text"]));
    return pool.filter(({ text }) => wanted.has(text));
  },
};

interface Limits {
  readonly first: number;
  readonly batch: number;
  readonly last: number;
}

/** Returns the share of right answers. A label that no row had is a mistake. */
async function accuracyOf(model: Model, test: readonly Row[]): Promise<number> {
  const answers = await model.predictMany(test.map(({ text }) => text));
  return answers.filter(({ label }, at) => label === test[at]!.label).length / test.length;
}

/** Returns the accuracy on `test` after the first rows, and after each batch. */
async function simulate(order: Order, pool: readonly Row[], test: readonly Row[], limits: Limits): Promise<number[]> {
  const accuracies: number[] = [];
  const runsDir = await Deno.makeTempDir();
  let labelled = pool.slice(0, limits.first);
  let rest = pool.slice(limits.first);
  try {
    for (;;) {
      await using run = await train({ ...OPTIONS, data: [...labelled], runsDir });
      accuracies.push(await accuracyOf(run.model, test));
      if (labelled.length >= limits.last) return accuracies;
      const next = new Set(await order(rest, limits.batch, run.model));
      labelled = [...labelled, ...next];
      rest = rest.filter((row) => !next.has(row));
      await rm(run.directory, { recursive: true });
    }
  } finally {
    await rm(runsDir, { recursive: true, force: true });
  }
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

async function main(): Promise<void> {
  const args = parseArgs(Deno.args, {
    boolean: ["help"],
    string: ["set", "first", "batch", "last", "seeds"],
  });
  const text = (name: string, initial: string) => String(args[name] ?? initial);
  const [folder] = args._;
  const wanted = text("set", "banking77");
  const set = folder === undefined ? undefined : findSets([String(folder)]).find(({ name }) => name === wanted);
  if (args.help || !set) return void await print([HELP]);
  const number = (name: string, initial: string) => Number(text(name, initial));
  const [first, batch, last] = [number("first", "200"), number("batch", "200"), number("last", "2000")];
  const seeds = text("seeds", "1,2").split(",").map(Number);
  const limits = { first, batch, last };
  const [training, test] = [await rowsOf(set.train), await rowsOf(set.test)];
  await print([...environmentLines(environment(undefined)), ""]);
  const names = Object.keys(ORDERS);
  const curves = new Map<string, number[]>();
  for (const name of names) {
    const all: number[][] = [];
    for (const seed of seeds) {
      all.push(await simulate(ORDERS[name]!, shuffled(training, seed), test, limits));
      await print([`${name}, seed ${seed}: ${all.at(-1)!.map(shown).join(" ")}`]);
    }
    curves.set(name, all[0]!.map((_, at) => mean(all.map((curve) => curve[at]!))));
  }
  const labelsAt = (at: number) => limits.first + at * limits.batch;
  const rows = curves.get(names[0]!)!.map((_, at) => [
    String(labelsAt(at)),
    ...names.map((name) => shown(curves.get(name)![at])),
  ]);
  await print(["", ...table(["labels", ...names], rows), ""]);
  const goal = curves.get(names[0]!)!.at(-1)!;
  for (const name of names.slice(1)) {
    const at = curves.get(name)!.findIndex((accuracy) => accuracy >= goal);
    await print([
      at < 0
        ? `${name}: ${shown(goal)} is not reached`
        : `${name}: ${labelsAt(at)} labels for ${shown(goal)}, ${
          (100 * labelsAt(at) / labelsAt(rows.length - 1)).toFixed(0)
        } % of random order's`,
    ]);
  }
}

if (import.meta.main) await main();
