import { assert, assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "node:path";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { DamagedFile, InputError } from "../../../lib/base/errors.ts";
import { Examinations } from "../../../lib/run/library/examinations.ts";
import { RunLibrary } from "../../../lib/run/library/library.ts";
import { ShownPaths } from "../../../lib/run/library/shown_paths.ts";
import { until } from "../../serve/http/reading.ts";
import { inTemporaryDirectory } from "../temporary.ts";
import { createTinyRun, trainTinyRows } from "../tiny_run.ts";

const foldsUrl = new URL("../../../workers/folds.ts", import.meta.url);

/** Returns rows of two classes; the 19th has the label of the other class, and one is almost equal to it. */
function rows(): string {
  const lines = Array.from({ length: 60 }, (_, row) => {
    const isShipping = row % 2 === 0;
    const text = isShipping ? `parcel late courier w${row}` : `invoice refund card v${row}`;
    return `${row},${text},${isShipping === (row !== 18) ? "shipping" : "billing"}`;
  });
  const near = ["60,my old parcel was late with the courier of that address,shipping"];
  return `id,text,label\n${
    [...lines, ...near, near[0]!.replace("60,my old", "61,my new").replace("shipping", "billing")].join("\n")
  }\n`;
}

/** Trains on `rows()`, and returns the run with the examinations that a process has. */
async function withRun(
  test: (
    run: { directory: string; id: string; file: string; open: (threads?: boolean) => Examinations },
  ) => Promise<void>,
): Promise<void> {
  await inTemporaryDirectory(async (folder) => {
    const file = join(folder, "data", "rows.csv");
    await mkdir(dirname(file));
    await writeFile(file, rows());
    const { directory, id } = await trainTinyRows({ runsDir: join(folder, "runs"), data: [file] });
    const shown = new ShownPaths({ data: [file] }, { dataDir: dirname(file), runsDir: join(folder, "runs") });
    const open = (hasThreads = true) =>
      new Examinations({
        directoryOf: () => directory,
        shownFor: () => Promise.resolve(shown),
        threads: hasThreads ? { foldsUrl, cores: 8 } : undefined,
      });
    await test({ directory, id, file, open });
  });
}

const ended = (examinations: Examinations, id: string) =>
  until(async () => (await examinations.state(id)).state !== "running", "the end of a cross-validation");

Deno.test("Examinations keeps the result and the rows beside the run, without the folders of files", () =>
  withRun(async ({ directory, id, open }) => {
    const examinations = open();
    assertEquals(await examinations.state(id), { state: "none", mayStart: true });
    assertEquals(await examinations.rows(id), undefined);
    assertEquals(await examinations.start(id, 5), "started");
    assertEquals([await examinations.start(id, 5), examinations.examines(id)], ["busy", true]);
    await ended(examinations, id);
    const { state, result, rows } = await examinations.state(id);
    assertEquals([state, rows, result?.rows, result?.folds.length], ["finished", "suspects.csv", 62, 5]);
    assertEquals(result?.suspects.examples[0]?.place, "rows.csv:20");
    assertEquals(result?.suspects.examples[0]?.likely, "shipping");
    assertEquals(result?.nearDuplicates.examples[0]?.near?.place, "rows.csv:63");
    const text = await new Response((await examinations.rows(id))!.body).text();
    const lines = text.split("\n");
    assertEquals(lines[0], "id,text,label,suspicion,likely_label,likely_probability,near_duplicate");
    assert(lines[19]!.startsWith("18,parcel late courier w18,billing,0."), lines[19]);
    assert(lines[61]!.endsWith(",rows.csv:63"), lines[61]);
    // A later process shows it, also one that may start none.
    const later = open(false);
    assertEquals(await later.state(id), { ...await examinations.state(id), mayStart: false });
    assertEquals(await later.start(id, 5), "never");
    const library = RunLibrary.saved(directory, id);
    assertEquals((await library.examinations.state(id)).result?.accuracy, result?.accuracy);
  }));

Deno.test("Examinations refuses files that have changed, and keeps the earlier result", () =>
  withRun(async ({ directory, id, file, open }) => {
    const examinations = open();
    await examinations.start(id, 3);
    await ended(examinations, id);
    const { result } = await examinations.state(id);
    await writeFile(file, `${await readFile(file, "utf8")}62,more,billing\n`);
    await examinations.start(id, 3);
    await ended(examinations, id);
    const { state, error, result: kept } = await examinations.state(id);
    assertEquals([state, kept], ["failed", result]);
    assertEquals(error, `"rows.csv" is no longer the file that run ${id} was trained on: its digest differs`);
    await writeFile(join(directory, "cross_validation.json"), '{"at": 7}');
    await assertRejects(() => examinations.state(id), DamagedFile, "at is 7");
  }));

Deno.test("Examinations stops one that runs, and leaves no file", () =>
  withRun(async ({ directory, id, open }) => {
    const examinations = open();
    const before = await readdir(directory);
    assertEquals(await examinations.stop(id), false);
    await examinations.start(id, 20);
    assertEquals([await examinations.stop("another"), await examinations.stop(id)], [false, true]);
    assertEquals(await examinations.state(id), { state: "none", mayStart: true });
    assertEquals(await readdir(directory), before);
    assertEquals(await examinations.start(id, 5), "started");
    await examinations.close();
  }));

Deno.test("Examinations refuses a run without files", () =>
  inTemporaryDirectory(async (folder) => {
    const run = await createTinyRun(folder);
    await run.log.close();
    const examinations = new Examinations({
      directoryOf: () => run.directory,
      shownFor: () => Promise.resolve(new ShownPaths({}, { dataDir: "", runsDir: folder })),
      threads: { foldsUrl, cores: 2 },
    });
    for (let attempt = 0; attempt < 2; attempt++) {
      await assertRejects(() => examinations.start(run.id, 5), InputError, "was not trained on files");
    }
    await rm(join(run.directory, "run.json"));
    await assertRejects(() => examinations.start(run.id, 5), InputError, "run.json");
  }));
