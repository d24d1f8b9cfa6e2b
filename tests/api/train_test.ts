import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError, resume, type Row, type RunEvent, train, TrainingStopped } from "../../mod.ts";
import { within } from "../../lib/base/waiting.ts";
import { run as runTask } from "../cli/process.ts";
import { PATIENCE_MS } from "../patience.ts";
import { inTemporaryDirectory } from "../run/temporary.ts";
import { jsonLines, MANY_EPOCHS, SMALL, smallRows } from "./small.ts";

/** Yields `rows` with pauses, as a database does. */
async function* later(rows: readonly Row[]): AsyncGenerator<Row> {
  for (const row of rows) {
    await Promise.resolve();
    yield row;
  }
}

const isThere = (path: string) => stat(path).then(() => true, () => false);

Deno.test("train() on rows in memory gives the digest of their file and of the command line", async () => {
  await inTemporaryDirectory(async (folder) => {
    const file = join(folder, "rows.jsonl");
    await writeFile(file, jsonLines(smallRows()));
    await using ofFile = await train({ ...SMALL, data: file });
    await using ofRows = await train({ ...SMALL, data: smallRows() });
    await using ofStream = await train({ ...SMALL, data: later(smallRows()), workers: 1 });
    const flags = ["--hidden", "4", "--embedding", "6", "--letter-rows", "0", "--epochs", "3", "--exit"];
    const runsDir = join(folder, "runs");
    const { code, stdout, stderr } = await runTask("train", folder, [file, ...flags, "--runs-dir", runsDir]);
    assertEquals(code, 0, stderr);
    const { digest } = ofFile.summary;
    assert(stdout.includes(digest.slice(0, 16)), stdout);
    assertEquals([ofRows.summary.digest, ofStream.summary.digest], [digest, digest]);
    assertEquals(ofRows.summary.validation, ofFile.summary.validation);
  });
});

Deno.test("two trainings at once give the digests that each gives by itself", async () => {
  const one = { ...SMALL, data: smallRows() };
  const other = { ...SMALL, data: smallRows(60), seed: 7, hidden: 5 };
  const apart: string[] = [];
  for (const options of [one, other]) {
    await using run = await train(options);
    apart.push(run.summary.digest);
  }
  const runs = await Promise.all([one, other].map((options) => train(options)));
  assertEquals(runs.map(({ summary }) => summary.digest), apart);
  assert(apart[0] !== apart[1]);
  for (const run of runs) await run[Symbol.asyncDispose]();
});

Deno.test("a run without runsDir is in a temporary folder until it is disposed", async () => {
  const run = await train({ ...SMALL, data: smallRows(), epochs: 1 });
  assert(await isThere(join(run.directory, "model", "lockstep.json")));
  await run[Symbol.asyncDispose]();
  assertEquals(await isThere(run.directory), false);
  await inTemporaryDirectory(async (runsDir) => {
    {
      await using kept = await train({ ...SMALL, data: smallRows(), epochs: 1, runsDir });
      assertEquals(kept.directory, join(runsDir, kept.id));
    }
    assertEquals((await readdir(runsDir)).length, 2);
  });
});

Deno.test("onProgress gets the events of the log, one after the other", async () => {
  await inTemporaryDirectory(async (runsDir) => {
    const seen: RunEvent[] = [];
    let open = 0;
    await using run = await train({
      ...SMALL,
      data: smallRows(),
      runsDir,
      onProgress: async (event) => {
        assertEquals(++open, 1);
        await Promise.resolve();
        seen.push(event);
        open--;
      },
    });
    assertEquals(seen.map(({ id }) => id), seen.map((_, at) => at + 1));
    const log = await Deno.readTextFile(join(run.directory, "events.jsonl"));
    assertEquals(log.trim().split("\n").map((line) => JSON.parse(line)), seen);
    assertEquals(seen.filter(({ type }) => type === "epoch").length, SMALL.epochs);
  });
});

Deno.test("a signal stops training, saves it and rejects, and resume() gives the same digest", async () => {
  await inTemporaryDirectory(async (runsDir) => {
    await using whole = await train({ ...SMALL, data: smallRows(), epochs: MANY_EPOCHS });
    const stopping = new AbortController();
    const error = await assertRejects(() =>
      train({
        ...SMALL,
        data: smallRows(),
        epochs: MANY_EPOCHS,
        runsDir,
        signal: stopping.signal,
        onProgress: ({ type }) => type === "epoch" ? stopping.abort("enough") : undefined,
      }), TrainingStopped);
    assertEquals([error.name, error.cause], ["AbortError", "enough"]);
    const { run } = error;
    assert(run && run.summary.epochs < MANY_EPOCHS);
    assert((await run.model.predict("my parcel")).label?.startsWith("about"));
    await assertRejects(() => resume(run.directory), InputError, "rows in memory");
    await assertRejects(() => resume(run.directory, { data: smallRows(60) }), InputError, "digest differs");
    await using resumed = await resume("latest", { data: smallRows(), runsDir, kernels: "wasm" });
    assertEquals(resumed.summary.digest, whole.summary.digest);
    await using again = await resume(resumed.id, { runsDir });
    assertEquals(again.summary, resumed.summary);
  });
});

Deno.test("resume() with epochs takes a complete run further, and refuses fewer than it has", async () => {
  await inTemporaryDirectory(async (runsDir) => {
    const options = { ...SMALL, data: smallRows(), runsDir };
    const { directory } = await train(options);
    const more = { data: smallRows(), epochs: SMALL.epochs + 1, kernels: "wasm" } as const;
    await using further = await resume(directory, more);
    await using same = await train({ ...options, ...more, extendedAfter: String(SMALL.epochs) });
    assertEquals([further.summary.epochs, further.summary.digest], [more.epochs, same.summary.digest]);
    assert((await further.model.predict("my parcel")).label?.startsWith("about"));
    await assertRejects(
      () => resume(directory, { ...more, epochs: 1 }),
      InputError,
      "epochs` is 1: expected more than",
    );
  });
});

Deno.test("resume and verify read the rows in memory of a run as JSON lines from standard input", async () => {
  await inTemporaryDirectory(async (runsDir) => {
    const stopping = new AbortController();
    const onProgress = ({ type }: RunEvent) => type === "epoch" && stopping.abort();
    const options = { ...SMALL, epochs: MANY_EPOCHS, data: smallRows(), runsDir };
    const error = await assertRejects(
      () => train({ ...options, signal: stopping.signal, onProgress }),
      TrainingStopped,
    );
    const { directory } = error.run!;
    const lines = jsonLines(smallRows());
    const resumed = await runTask("resume", runsDir, [directory, "--exit"], lines);
    assertEquals(resumed.code, 0, resumed.stderr);
    await using whole = await train({ ...SMALL, epochs: MANY_EPOCHS, data: smallRows() });
    assert(resumed.stdout.includes(whole.summary.digest.slice(0, 16)), resumed.stdout);
    const verified = await runTask("verify", runsDir, [directory], lines);
    assert(verified.stdout.startsWith("Verified: all"), verified.stdout + verified.stderr);
    const other = await runTask("verify", runsDir, [directory], jsonLines(smallRows(60)));
    assertEquals([other.code, other.stdout], [2, ""]);
  });
});

Deno.test("a signal that aborts before training begins leaves no run", async () => {
  await inTemporaryDirectory(async (folder) => {
    const runsDir = join(folder, "runs");
    const aborted = AbortSignal.abort();
    const options = { ...SMALL, epochs: MANY_EPOCHS, data: smallRows(), runsDir };
    const error = await assertRejects(() => train({ ...options, signal: aborted }), TrainingStopped);
    assertEquals(error.run, undefined);
    const aborting = new AbortController();
    const rows = (function* () {
      yield* smallRows();
      aborting.abort();
    })();
    await assertRejects(() => train({ ...options, data: rows, signal: aborting.signal }), TrainingStopped, "before");
    assertEquals(await isThere(runsDir), false);
    const closed = Promise.withResolvers<boolean>();
    const endless = (async function* () {
      try {
        for (;;) {
          yield* smallRows();
          setTimeout(() => waiting.abort());
          await new Promise((resolve) => setTimeout(resolve));
        }
      } finally {
        closed.resolve(true);
      }
    })();
    const waiting = new AbortController();
    await assertRejects(() => train({ ...options, data: endless, signal: waiting.signal }), TrainingStopped);
    assert(await within(PATIENCE_MS, closed.promise, false), "the rows were not closed");
  });
});

Deno.test("what onProgress throws stops the training and rejects it", async () => {
  const thrown = new Error("no more");
  const fail = ({ type }: RunEvent) => {
    if (type === "epoch") throw thrown;
  };
  const error = await assertRejects(() =>
    train({ ...SMALL, data: smallRows(), epochs: MANY_EPOCHS, onProgress: fail })
  );
  assertStrictEquals(error, thrown);
});

Deno.test("train() names rows, options and errors as its caller knows them", async () => {
  const fails = async (options: Record<string, unknown>) => {
    const error = await assertRejects(() => train({ ...SMALL, data: smallRows(), ...options }), InputError);
    return error.problems.map(({ field, message }) => `${field}: ${message}`).join("\n");
  };
  const rows: object[] = smallRows();
  const unlabelled = await fails({ data: [...rows.slice(0, 4), { text: "no label" }] });
  assert(unlabelled.startsWith('data[4]: data[4] has no "label", only "text"'), unlabelled);
  assertEquals(await fails({ data: [rows[0], null] }), "data[1]: data[1] is null: expected a row { text, label }");
  assertEquals(await fails({ data: new Set() }), "data: Cannot read data: it is empty, expected rows");
  assertEquals(await fails({ data: [] }), "data: data is empty: expected rows, or paths of files");
  assert((await fails({ data: 5 })).startsWith("data: data is 5: expected the path of a file"));
  assert((await fails({ data: "-" })).startsWith('data: data names "-"'));
  assert((await fails({ epoch: 3 })).includes("did you mean epochs?"));
  assert((await fails({ port: 1, log: "json" })).startsWith("port: port is an option of the command line"));
  assert((await fails({ vocabulary: 9 })).includes("`maxVocabulary` can be chosen"));
  assert((await fails({ keepRuns: 2 })).includes("without `runsDir`"));
});

Deno.test("train() rejects with the error that its rows throw", async () => {
  const thrown = new TypeError("the database is gone");
  const rows = (function* () {
    yield* smallRows();
    throw thrown;
  })();
  assertStrictEquals(await assertRejects(() => train({ ...SMALL, data: rows })), thrown);
});

Deno.test("rows in memory have text and label where files have other columns, and can be skipped", async () => {
  await inTemporaryDirectory(async (folder) => {
    const validation = join(folder, "validation.csv");
    const lines = smallRows(30).map(({ text, label }) => `"${text}",${label}\n`).join("");
    await writeFile(validation, `message,class\n${lines}`);
    const data = [...smallRows(), { text: "without a label", label: "" }];
    const warned: RunEvent[] = [];
    await using run = await train({
      ...SMALL,
      data,
      validation,
      textColumn: "message",
      labelColumn: "class",
      onBadRow: "skip",
      onProgress: (event) => void warned.push(event),
    });
    const [started] = warned;
    assert(started?.type === "started");
    assertEquals([started.data?.rows, started.data?.validation, started.data?.skipped], [90, 30, 1]);
    assertEquals((await run.model.evaluate(smallRows(30))).rows, 30);
    await assertRejects(
      () => run.model.evaluate([{ text: "x", label: "y" }]),
      InputError,
      "on rows: there are no rows",
    );
  });
});

Deno.test("train() continues a run in `from` with rows in memory, as the command line does with files", async () => {
  await inTemporaryDirectory(async (folder) => {
    const [file, fresh, runsDir] = [join(folder, "rows.jsonl"), join(folder, "new.jsonl"), join(folder, "runs")];
    const rows = smallRows(40).map((row) => ({ ...row, label: `new ${row.label}` }));
    await writeFile(file, jsonLines(smallRows()));
    await writeFile(fresh, jsonLines(rows));
    await using parent = await train({ ...SMALL, data: file, runsDir });
    await using child = await train({
      kernels: "wasm",
      from: parent.directory,
      data: rows,
      replay: 0.5,
      ngrams: "none",
    });
    const { parent: changes } = child.summary;
    assertEquals([changes?.run, changes?.new?.before], [parent.id, 0]);
    assertEquals(child.model.labels, [...parent.model.labels, ...[...new Set(rows.map(({ label }) => label))].sort()]);
    const flags = ["--from", parent.id, "--replay", "0.5", "--ngrams", "none", "--exit", "--port", "0"];
    const { code, stdout, stderr } = await runTask("train", folder, [fresh, ...flags, "--runs-dir", runsDir]);
    assertEquals(code, 0, stderr);
    assert(stdout.includes(child.summary.digest.slice(0, 16)), stdout);
    assert(/New rows: +0\.00% before, .+ after/.test(stdout), stdout);
    const listed = await runTask("runs", folder, ["--runs-dir", runsDir]);
    assert(listed.stdout.split("\n").some((line) => line.trimEnd().endsWith(` ${parent.id}`)), listed.stdout);
    await using inMemory = await train({ ...SMALL, data: smallRows(), runsDir });
    const refused = await assertRejects(
      () => train({ kernels: "wasm", from: inMemory.directory, data: rows }),
      InputError,
    );
    assertEquals(refused.problems.map(({ field }) => field), ["replay"]);
    await using alone = await train({
      kernels: "wasm",
      from: inMemory.directory,
      data: rows,
      replay: 0,
      epochs: 1,
      ngrams: "none",
    });
    assertEquals(alone.summary.parent?.old, undefined);
  });
});
