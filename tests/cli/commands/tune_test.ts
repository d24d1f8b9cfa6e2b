import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { latestOf, run, start, withFolder } from "../process.ts";

/** Leaves two configs, the defaults and another way to pool: 20 trials of a moment each, so that no clock ends the search. */
const FLAGS = [
  ...["--hidden", "4", "--embedding", "4", "--letter-rows", "0", "--epochs", "2", "--learning-rate", "0.02"],
  ...["--dropout", "0", "--weight-decay", "0", "--tokenizer", "words", "--min-count", "1", "--punctuation", "keep"],
  ...["--lowercase", "--minutes", "60", "--port", "0", "--exit"],
];

const lines = z.array(z.looseObject({
  type: z.string(),
  candidate: z.int().optional(),
  split: z.int().optional(),
  score: z.number().nullish(),
  whole: z.number().optional(),
}));

function rowsOf(count: number): string {
  const filler = ["please", "today", "the", "order", "again"];
  const rows = Array.from({ length: count }, (_, row) => {
    const words = [0, 1, 2, 3].map((at) => filler[(row * (at + 3) + at * at) % filler.length]!);
    return `${words.join(" ")} ${row % 7 === 0 ? "well" : row % 2 === 0 ? "late" : "soon"},${
      row % 2 === 0 ? "a" : "b"
    }\n`;
  });
  return `text,label\n${rows.join("")}`;
}

async function withRows(body: (folder: string, flags: readonly string[]) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/rows.csv`, rowsOf(240));
    await body(folder, [`${folder}/rows.csv`, ...FLAGS, "--runs-dir", folder]);
  });
}

/** Returns the folders of the searches in `folder`. */
function searchesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.startsWith("tune-"))
    .map((name) => `${folder}/${name}`).sort();
}

async function trialsOf(search: string) {
  const text = await Deno.readTextFile(`${search}/tune.jsonl`);
  return lines.parse(text.trimEnd().split("\n").map((line) => JSON.parse(line))).filter(({ type }) => type === "trial")
    .map(({ candidate, split, score, whole }) => ({ candidate, split, score, ...whole !== undefined && { whole } }))
    .sort((a, b) => a.split! - b.split! || a.candidate! - b.candidate!);
}

async function digestOf(folder: string): Promise<string> {
  return JSON.parse(await Deno.readTextFile(`${await latestOf(folder)}/summary.json`)).digest;
}

Deno.test("tune trains the best config, which train --config trains again to the same digest", () =>
  withRows(async (folder, flags) => {
    const { code, stdout, stderr } = await run("tune", folder, flags);
    assertEquals([code, stderr], [0, ""]);
    const [search] = searchesIn(folder);
    const trials = await trialsOf(search!);
    assertEquals(
      trials.map(({ candidate, split }) => [split, candidate]),
      Array.from({ length: 20 }, (_, at) => [at >> 1, at % 2]),
    );
    assertMatch(stdout, /\nConfig +Splits +log-loss +Better by +±\n/);
    assertMatch(stdout, /\nTrain it: +deno task train --config \S+tuned\.json\n/);
    assertMatch(
      stdout,
      /\nBest: +(defaults: no other config|pooling mean: log-loss is better by 0\.\d+ ± 0\.\d+ on 10)/,
    );
    const digest = await digestOf(folder);
    assertStringIncludes(stdout, `Digest:     ${digest}`);
    const again = await run("train", folder, [
      ...["--config", `${search}/tuned.json`, "--runs-dir", `${folder}/other`, "--workers", "1", "--exit"],
    ]);
    assertEquals(again.code, 0, again.stderr);
    assertEquals(await digestOf(`${folder}/other`), digest);
    const listed = await run("runs", folder, ["--runs-dir", folder, "--tag", search!.split("/").at(-1)!]);
    assertStringIncludes(listed.stdout, "pooling mean, split 3");
  }));

Deno.test("tune --size compares small models, says what that costs, and keeps the size as it resumes", () =>
  withRows(async (folder, flags) => {
    // One config is left.
    const sized = [...flags, "--pooling", "max", "--size"];
    const { code, stdout, stderr } = await run("tune", folder, [...sized, "4kB"]);
    assertEquals([code, stderr], [0, ""]);
    const [search] = searchesIn(folder);
    const [trial, ...more] = await trialsOf(search!);
    assertEquals(more, []);
    const [small, whole] = [-trial!.score!, -trial!.whole!];
    assert(small > 0 && whole > 0 && small !== whole, `${small} ${whole}`);
    const line = `\nSize:       log-loss ${small.toFixed(4)} in 4.0\u00A0kB, ${whole.toFixed(4)} whole\n`;
    assertStringIncludes(stdout, line);
    const again = await run("tune", folder, ["--resume", search!, "--size", "5kB"]);
    assertEquals([again.code, again.stdout], [2, ""]);
    assertStringIncludes(again.stderr, "--size is fixed by the search that is resumed");
    const resumed = await run("tune", folder, ["--resume", search!, "--exit"]);
    assertEquals([resumed.code, resumed.stderr], [0, ""]);
    assertStringIncludes(resumed.stdout, line);

    const refused = await run("tune", folder, [...sized, "300"]);
    assertEquals(refused.code, 2);
    assertStringIncludes(refused.stderr, "size is 300 bytes: expected at least ");
  }));

Deno.test("tune that is killed or interrupted resumes to the results of a whole search", () =>
  withRows(async (folder, flags) => {
    const whole = await run("tune", folder, flags);
    assertEquals(whole.code, 0, whole.stderr);
    const expected = { trials: await trialsOf(searchesIn(folder)[0]!), digest: await digestOf(folder) };

    const part = `${folder}/part`;
    const killed = start("tune", folder, [...flags.slice(0, -1), part]);
    assert(await killed.killedAt(/Split +2 /));
    const [search] = searchesIn(part);
    const before = (await trialsOf(search!)).length;
    assert(before >= 2 && before < 20);

    const resumed = start("tune", folder, ["--resume", search!, "--exit"]);
    await resumed.printed(/Split +[45] /);
    const { code, stdout } = await resumed.signalled("SIGINT");
    assertEquals(code, 0, stdout);
    assertMatch(stdout, new RegExp(`by log-loss, ${before} trials are done\n`));
    assertMatch(stdout, /\nResume: +deno task tune --resume \S+\n/);
    assertStringIncludes(await Deno.readTextFile(`${search}/tuned.json`), "rows.csv");
    assert(!stdout.includes("Digest:"));

    const last = await run("tune", folder, ["--resume", search!.split("/").at(-1)!, "--runs-dir", part, "--exit"]);
    assertEquals([last.code, last.stderr], [0, ""]);
    assertEquals(await trialsOf(search!), expected.trials);
    assertEquals(await digestOf(part), expected.digest);
  }));

Deno.test("tune refuses bad flags, other data, and options that a search has fixed", () =>
  withRows(async (folder, flags) => {
    const wrong: readonly (readonly [args: readonly string[], message: string])[] = [
      [[], "--data has no value"],
      [[...flags, "--minutes", "0"], "--minutes is 0: expected at least 0.05"],
      [[...flags, "--size", "much"], '--size is "much": expected a size such as 300kB or 1MB'],
      [[...flags, "--minuts", "3"], "Unknown flag --minuts: did you mean --minutes?"],
      [[`${folder}/none.csv`, "--exit"], "none.csv"],
      [["-", "--exit"], "--data is -: expected files"],
      [["--resume", `${folder}/none`], "There is no search in"],
      [[...flags, "--resume", folder], "--hidden is fixed by the search"],
      [
        [...flags, "--cluster", "nats://localhost:4222", "--name", "x"],
        "--cluster has a value: a search is on one machine",
      ],
    ];
    for (const [args, message] of wrong) {
      const { code, stderr } = await run("tune", folder, args);
      assertEquals(code, 2, `${args.join(" ")}: ${stderr}`);
      assertStringIncludes(stderr, message);
    }
    const begun = start("tune", folder, flags);
    await begun.printed(/Split +1 /);
    await begun.signalled("SIGTERM");
    await Deno.writeTextFile(`${folder}/rows.csv`, rowsOf(300));
    const { code, stderr } = await run("tune", folder, ["--resume", searchesIn(folder)[0]!, "--exit"]);
    assertEquals(code, 2);
    assertStringIncludes(stderr, "The data are not those that");
  }));
