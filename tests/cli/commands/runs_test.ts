import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { cp, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../../lib/base/errors.ts";
import { compareCommand } from "../../../lib/cli/commands/compare.ts";
import { runsCommand } from "../../../lib/cli/commands/runs.ts";
import { EventLog } from "../../../lib/run/log/event_log.ts";
import { editNotes } from "../../../lib/run/files/notes_file.ts";
import { run, withFolder } from "../process.ts";
import { fakeTerminal } from "../terminal/fake_terminal.ts";

const FIXTURES = new URL("../../fixtures/runs/", import.meta.url);

/** Copies the saved runs into `folder`, and returns their ids: a finished one and an interrupted one on files, and one without. */
async function savedRuns(folder: string): Promise<[finished: string, interrupted: string, generated: string]> {
  const ids: string[] = [];
  for (const name of ["files-finished", "files-interrupted", "generated-finished"]) {
    const { id } = JSON.parse(await readFile(new URL(`${name}/run.json`, FIXTURES), "utf8"));
    await cp(new URL(name, FIXTURES), join(folder, id), { recursive: true });
    ids.push(id);
  }
  return [ids[0]!, ids[1]!, ids[2]!];
}

async function printed(
  command: typeof runsCommand,
  args: readonly string[],
  width?: number,
): Promise<readonly [out: string, err: string]> {
  const terminal = fakeTerminal({ width: () => width });
  assertEquals(await command(args, terminal), 0);
  return [terminal.stdout(), terminal.stderr()];
}

Deno.test("runs lists saved runs, newest first, with what people wrote about them", () =>
  withFolder(async (folder) => {
    const [finished, interrupted, generated] = await savedRuns(folder);
    await editNotes(join(folder, finished), { name: "with\u200b bigrams", tags: ["tickets", "best"], note: "why" });
    await mkdir(join(folder, "20200101-000000-none"));
    const runs = async (...args: string[]) => (await printed(runsCommand, [...args, "--runs-dir", folder]))[0];
    const ids = (text: string) => text.match(/^\d{8}-\d{6}-[a-z]{4}/gm) ?? [];
    const all = await runs();
    assertEquals(ids(all), [interrupted, finished, generated]);
    assertMatch(all, /^run +state +name +tags +accuracy +loss +macro-F1 +epochs +time +data\n/);
    assertMatch(
      all,
      new RegExp(`^${finished} +finished +with· bigrams +tickets, best +80.00\u00a0% .* rows.csv$`, "m"),
    );
    assertEquals(ids(await runs("--tag", "best")), [finished]);
    assertEquals(ids(await runs("WHY")), [finished]);
    assertEquals(ids(await runs("--state", "interrupted")), [interrupted]);
    assertEquals(await runs("--tag", "bes"), `None of the runs in ${JSON.stringify(folder)} matches\n`);
    const log = await EventLog.open(join(folder, interrupted, "events.jsonl"));
    assertEquals(ids(await runs("--state", "running")), [interrupted]);
    await log.close();
    const [json, more] = [
      await runs("--json", "--limit", "2"),
      await printed(runsCommand, ["--limit=1", "--runs-dir", folder]),
    ];
    assertEquals(JSON.parse(json).map(({ id }: { id: string }) => id), [interrupted, finished]);
    assertEquals(JSON.parse(json)[1].note, "why");
    assertEquals([ids(more[0]), more[1]], [[interrupted], "There are older runs: --limit 0 lists all\n"]);
    for (const width of [90, 60, 45, 20]) {
      const [text] = await printed(runsCommand, ["--runs-dir", folder], width);
      const longest = Math.max(...text.split("\n").map((line) => line.length));
      assert(longest <= Math.max(width, 33), `${longest} columns of ${width}`);
      assertEquals(ids(text).length, 3);
    }
  }));

Deno.test("compare prints the keys that differ, the results, and the classes", () =>
  withFolder(async (folder) => {
    const [finished, , generated] = await savedRuns(folder);
    const other = "20261129-000000-copy";
    await cp(join(folder, finished), join(folder, other), { recursive: true });
    const compare = async (...args: string[]) => (await printed(compareCommand, [...args, "--runs-dir", folder]))[0];
    const two = await compare(finished, join(folder, generated));
    assertMatch(
      two,
      new RegExp(`^A {2}${finished} · rows.csv · finished\nB {2}${generated} · parity · finished\n\nConfig`),
    );
    assertMatch(two, /^pooling +max +last$/m);
    assertMatch(two, /^data +tests\/fixtures\/runs\/rows.csv +none$/m);
    assertMatch(two, /^accuracy +80.00\u00a0% +51.50\u00a0%$/m);
    assertEquals(two.includes("F1 by class"), false);
    const same = await compare(finished, other);
    assertMatch(same, /\n\nThe configs are equal\n\nResults[^]*\n\nF1 by class +A +B\nbird +0.5000 +0.5000\n/);
    const { config, results, f1, runs } = JSON.parse(await compare(finished, generated, other, "--json"));
    assertEquals([config.seed, runs.length, results["macro-F1"][1], f1.bird], [[7, 1, 7], 3, null, [0.5, null, 0.5]]);
    for (const args of [[], [finished], [finished, "20200101-000000-none"]]) {
      await assertRejects(() => compareCommand([...args, "--runs-dir", folder], fakeTerminal()), InputError);
    }
  }));

Deno.test("runs and compare work as tasks, on folders outside of the clone", () =>
  withFolder(async (folder) => {
    const [finished, interrupted] = await savedRuns(folder);
    const listed = await run("runs", folder, ["--runs-dir", folder]);
    assertEquals([listed.code, listed.stdout.split("\n").length, listed.stderr], [0, 5, ""]);
    const compared = await run("compare", folder, [join(folder, finished), interrupted, "--runs-dir", folder]);
    assertEquals([compared.code, compared.stderr], [0, ""]);
    assertMatch(compared.stdout, /^B {2}.* · interrupted$/m);
    assertEquals((await run("compare", folder, [finished])).code, 2);
  }));
