import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { configPaths } from "../../../lib/config/schema.ts";
import { resolveConfig } from "../../../lib/config/resolve.ts";
import { InputError } from "../../../lib/base/errors.ts";
import { REQUEST_KEYS, requestedRun } from "../../../lib/run/library/run_request.ts";
import { MOST_QUEUED, RunQueue } from "../../../lib/run/library/run_queue.ts";
import { inTemporaryDirectory } from "../temporary.ts";

const configOf = (values: Record<string, unknown>) => resolveConfig(undefined, [{ values, nameOf: (key) => key }]);

/** Returns the messages of the problems of `values`. */
async function problems(values: Record<string, unknown>, dataDir = ""): Promise<string[]> {
  const error = await assertRejects(() => requestedRun(values, configOf({ dataDir })), InputError);
  return error.problems.map(({ message }) => message);
}

Deno.test("requestedRun() takes values of the request before those of the process and of a preset", async () => {
  const own = configOf({ port: 9000, seed: 3, workers: 4, keepCheckpoints: 9, log: "json" });
  const config = (await requestedRun({ seed: 7, shards: 2 }, own)).resolve();
  const { port, seed, shards, workers, keepCheckpoints, log } = config;
  assertEquals({ port, seed, shards, workers, keepCheckpoints, log }, {
    port: 9000,
    seed: 7,
    shards: 2,
    workers: "auto",
    keepCheckpoints: 3,
    log: "json",
  });
  assertEquals((await requestedRun({ preset: "seed" }, own)).resolve().report, own.report);
});

Deno.test("requestedRun() names unknown keys, wrong values, and options of the process", async () => {
  assertEquals(await problems({ sead: 1 }), ["Unknown option sead: did you mean seed?"]);
  assertEquals(await problems({ seed: "x" }), ['seed is "x": expected a number']);
  for (const key of ["host", "port", "tokenFile", "runsDir", "dataDir", "chaos", "exit", "keepRuns"]) {
    assertEquals(await problems({ [key]: "x" }), [`${key} is an option of the process: a request cannot set it`]);
  }
  assertEquals(await problems({ port: 1, data: ["x"], sead: 1 }), [
    "port is an option of the process: a request cannot set it",
    'data[0] is "x": expected no files, as the server has no `dataDir`',
    "Unknown option sead: did you mean seed?",
  ]);
  assertEquals((await problems({ preset: 7 })).length, 1);
});

Deno.test("requestedRun() describes twenty problems in short messages, and counts the others", async () => {
  const key = "k".repeat(1_000_000);
  const files = Array.from({ length: 1000 }, (_, index) => `${index}.csv`);
  const cases: [string, Record<string, unknown>, number][] = [
    ["one long key", { [key]: 1 }, 1],
    [
      "many keys",
      Object.fromEntries(Array.from({ length: 9000 }, (_, index) => [`k${index}`.padEnd(100, "x"), 1])),
      9000,
    ],
    ["many files", { data: files }, 1000],
    ["too many files", { data: [...files, "one.csv"] }, 1],
    ["wrong values of a list", { data: new Array(1000).fill(null) }, 1000],
    ["long texts", { textColumn: key, task: key, preset: key, data: [key] }, 4],
    ["a large value", { seed: new Array(100_000).fill([1]) }, 1],
  ];
  for (const [name, values, count] of cases) {
    const error = await assertRejects(() => requestedRun(values, configOf({})), InputError);
    assertEquals([error.problems.length, error.more], [Math.min(count, 20), Math.max(0, count - 20)], name);
    const longest = Math.max(...error.problems.flatMap(({ field, message }) => [field.length, message.length]));
    assert(longest < 2000, `${name}: ${longest} characters`);
  }
});

Deno.test("requestedRun() reads no file without a data directory, and none outside of it", () =>
  inTemporaryDirectory(async (directory) => {
    const dataDir = join(directory, "data");
    await mkdir(join(dataDir, "more"), { recursive: true });
    await writeFile(join(directory, "secret.csv"), "");
    const rows = "text,label\nwhere is it,a\n";
    await writeFile(join(dataDir, "rows.csv"), rows);
    await writeFile(join(dataDir, "more", "rows.csv"), rows);
    await symlink(join(directory, "secret.csv"), join(dataDir, "link.csv"));
    await symlink(join(dataDir, "rows.csv"), join(dataDir, "inner.csv"));

    const without = "expected no files, as the server has no `dataDir`";
    assertEquals(await problems({ data: ["rows.csv"] }), [`data[0] is "rows.csv": ${without}`]);
    const outside = [
      "../secret.csv",
      join(directory, "secret.csv"),
      "link.csv",
      "none.csv",
      "-",
      ".",
      "",
      "more/../..",
    ];
    for (const name of outside) {
      const message = `is ${JSON.stringify(name)}: expected a file of \`dataDir\``;
      assertEquals(await problems({ data: [name] }, dataDir), [`data[0] ${message}`]);
    }
    // Every option that is the path of a file, so that none is forgotten; `from` is tested below.
    const files = REQUEST_KEYS.filter((key) => configPaths.has(key) && key !== "data" && key !== "from");
    assertEquals(files, ["weights", "validation", "test", "tokenizer", "vectors"]);
    for (const key of files) {
      for (const name of ["../secret.csv", "/etc/passwd", "/dev/zero", "link.csv", "more", "none.csv", "rows.csv/x"]) {
        const values = { data: ["rows.csv"], [key]: name };
        assertEquals(await problems(values, dataDir), [
          `${key} is ${JSON.stringify(name)}: expected a file of \`dataDir\``,
        ]);
      }
      const nowhere = await problems({ [key]: "rows.csv" });
      assertEquals(nowhere.filter((message) => message.endsWith(without)).length, 1, key);
    }
    // The files beside a tokenizer are read with it.
    await writeFile(join(dataDir, "tokenizer.json"), "");
    await symlink(join(directory, "secret.csv"), join(dataDir, "tokenizer_config.json"));
    const beside = await problems({ data: ["rows.csv"], tokenizer: "tokenizer.json" }, dataDir);
    assertEquals(beside, ['tokenizer is "tokenizer.json": expected a file of `dataDir`']);
    const names = ["rows.csv", "more/rows.csv", "inner.csv"];
    const config = (await requestedRun({ data: names, test: "rows.csv", tokenizer: "chars" }, configOf({ dataDir })))
      .resolve();
    assertEquals(config.data, names.map((name) => join(dataDir, name)));
    assertEquals([config.task, config.test, config.tokenizer], ["table", join(dataDir, "rows.csv"), "chars"]);
  }));

Deno.test("RunQueue.edit() changes the notes of a waiting run, which begins with them", async () => {
  const queue = new RunQueue(configOf({ name: "of-the-process" }));
  const run = await queue.add({ name: "asked", tags: ["a"] });
  assertEquals([run?.name, run?.tags], ["asked", ["a"]]);
  assertEquals([queue.edit(run!.id, { note: "why", tags: [] })?.note, queue.get(run!.id)?.tags], ["why", undefined]);
  const { name, note, tags } = queue.take()!.resolve();
  assertEquals([name, note, tags], ["asked", "why", []]);
  assertEquals(queue.edit("20200101-000000-none", {}), undefined);
  assertEquals((await queue.add({}))?.name, undefined);
});

Deno.test("requestedRun() refuses files without the columns of the run, in words of the request", () =>
  inTemporaryDirectory(async (dataDir) => {
    await writeFile(join(dataDir, "tickets.csv"), "subject,queue\nwhere is it,a\nmy card,b\n");
    await writeFile(join(dataDir, "rows.jsonl"), '{"body": "x", "label": "a"}\n');
    const ask = async (values: object) => {
      const { problems } = await assertRejects(() => requestedRun({ ...values }, configOf({ dataDir })), InputError);
      return problems.map(({ field, message }) => `${field}: ${message}`);
    };
    assertEquals(await ask({ data: ["tickets.csv"] }), [
      'textColumn: Cannot read "tickets.csv": it has no column "text", only "subject", "queue". Name the columns with ' +
      "`textColumn` and `labelColumn`. If the first line is a row, set `header` to no, and give the numbers of the columns",
    ]);
    assertEquals(await ask({ data: ["rows.jsonl"] }), [
      'data[0]: Cannot read "rows.jsonl": line 1 has no "text", only "body", "label"',
    ]);
    const columns = { textColumn: "subject", labelColumn: "queue" };
    assertEquals((await ask({ data: ["tickets.csv"], test: "rows.jsonl", ...columns })).length, 1);
    const { resolve } = await requestedRun({ data: ["tickets.csv"], ...columns }, configOf({ dataDir }));
    assertEquals(resolve().textColumn, "subject");
    const search = { data: ["tickets.csv"], ...columns, tuneMinutes: 3, tuneSize: "1MB" };
    const requested = await requestedRun(search, configOf({ dataDir }));
    assertEquals(requested.search, { minutes: 3, size: 1_000_000 });
    assertEquals(requested.given, { data: [join(dataDir, "tickets.csv")], ...columns });
    assertEquals(await ask({ ...search, tuneMinutes: 0, tuneSize: "much" }), [
      "tuneMinutes: tuneMinutes is 0: expected at least 0.05",
      'tuneSize: tuneSize is "much": expected a size such as 300kB or 1MB',
    ]);
    assertEquals(await ask({ ...search, tuneMinutes: undefined }), [
      "tuneSize: tuneSize has a value: expected tuneMinutes as well",
    ]);
    assertEquals(await ask({ ...search, preset: "seed" }), ["preset: preset has a value: a search has no presets"]);
    assertEquals(await ask({ tuneMinutes: 3 }), ["data: `data` has no value: expected a file of rows to tune on"]);
    const several = { data: ["tickets.csv"], labelColumn: "queue" };
    await requestedRun({ ...several, columns: "subject:text" }, configOf({ dataDir }));
    const [price] = await ask({ ...several, columns: "subject:text,price:number" });
    assertMatch(price!, /^data\[0\]: Cannot read "tickets.csv": it has no column "price", only "subject", "queue"/);
    const [group] = await ask({ ...several, columns: "subject:text", groupColumn: "who" });
    assertMatch(group!, /it has no column "who"/);
    const [kind] = await ask({ ...several, columns: "subject:txt" });
    assertMatch(kind!, /^columns: columns is "subject:txt": expected columns such as subject:text,amount:number/);
  }));

Deno.test("RunQueue returns runs in order, with places that move up, and refuses runs when full", async () => {
  const queue = new RunQueue(configOf({}));
  const began = "2100-01-02T03:04:05.678Z";
  queue.began(began);
  const [first, second] = [await queue.add({ seed: 1 }), await queue.add({ seed: 2 })];
  assertEquals([first, second].map((run) => run!.id.slice(0, 15)), ["21000102-030406", "21000102-030407"]);
  assertEquals([first?.place, second?.place, second?.state], [1, 2, "queued"]);
  await queue.arrival();
  const taken = queue.take();
  assertEquals([taken?.id, taken?.resolve().seed], [first!.id, 1]);
  assertEquals(queue.get(second!.id)?.place, 1);
  // While its data are read, the run is listed and cannot be removed.
  const { state: starting, place } = queue.get(first!.id)!;
  assertEquals([starting, place, queue.starting, queue.remove(first!.id)], ["queued", undefined, first!.id, false]);
  assertEquals(queue.list().map(({ id }) => id), [second!.id, first!.id]);
  queue.refuse(taken!, new InputError([{ field: "data", message: "there are no rows" }]));
  assertEquals(queue.starting, undefined);
  const { state, error } = queue.get(first!.id)!;
  assertEquals([state, error], ["failed", "there are no rows"]);
  assertEquals([queue.remove(second!.id), queue.remove(second!.id), queue.take()], [true, false, undefined]);
  const arrival = queue.arrival();
  for (let count = 0; count < MOST_QUEUED; count++) await queue.add({});
  await arrival;
  assertEquals(await queue.add({}), undefined);
  await assertRejects(() => queue.add({ seed: -1 }), InputError);
});

Deno.test("RunQueue shows clients neither the path of --data-dir nor details for the log", async () => {
  const shownError = async (error: Error) => {
    const queue = new RunQueue(configOf({ dataDir: "/srv/secret/data" }));
    const { id } = (await queue.add({}))!;
    queue.refuse(queue.take()!, error);
    return queue.get(id)?.error;
  };
  const bad = new InputError([{ field: "data", message: "/srv/secret/data/rows.csv:2 has 3 fields, expected 2" }]);
  assertEquals(await shownError(bad), "rows.csv:2 has 3 fields, expected 2");
  const other = await shownError(new Error("ENOSPC: no space left on device, open '/srv/secret/runs/x'"));
  assertEquals(other, "It could not start: the log of the process says why");
});

Deno.test("requestedRun() continues only from runs of its own folder, and hides where that is", () =>
  inTemporaryDirectory(async (folder) => {
    const dataDir = join(folder, "data");
    await mkdir(dataDir);
    await writeFile(join(dataDir, "rows.csv"), "text,label\na,1\nb,2\n");
    const own = configOf({ dataDir, runsDir: join(folder, "runs") });
    const refused = async (from: unknown) => {
      const error = await assertRejects(() => requestedRun({ from, data: ["rows.csv"] }, own), InputError);
      assertEquals(error.problems.map(({ field }) => field), ["from"]);
      return error.problems[0]!.message;
    };
    for (const path of ["..", "/etc", "runs/20260101-000000-aaaa", "data"]) {
      assertEquals(await refused(path), `from is "${path}": expected the id of a run, or latest`);
    }
    assertEquals(await refused(7), "from is 7: expected a string");
    const message = await refused("20260101-000000-aaaa");
    assertStringIncludes(message, 'cannot be used: There is no run in "20260101-000000-aaaa"');
    assert(!message.includes(folder), message);
    assert(!(await refused("latest")).includes(folder));
  }));
