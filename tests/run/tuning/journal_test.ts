import { assertEquals, assertRejects } from "@std/assert";
import { appendFile, readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { DamagedFile, InputError } from "../../../lib/base/errors.ts";
import { Journal, type JournalTrial } from "../../../lib/run/tuning/journal.ts";
import { inTemporaryDirectory } from "../temporary.ts";

const beginning = { given: { data: ["rows.csv"], seed: 7 }, minutes: 3, data: "digest" };

const trial = (candidate: number, run: string): JournalTrial => ({
  type: "trial",
  candidate,
  split: 0,
  run,
  changes: candidate === 0 ? {} : { dropout: 0.6 },
  score: candidate === 0 ? -0.5 : null,
  seconds: 2,
  elapsed: 4 + candidate,
});

const RUNS = ["20260101-000000-aaaa", "20260101-000001-bbbb"] as const;

/** Writes a journal of a search with a result, and a trial without one. */
async function written(folder: string): Promise<string> {
  const journal = await Journal.create(folder, beginning);
  await journal.add({ type: "began", candidate: 0, split: 0, run: RUNS[0], changes: {} });
  await journal.add({ type: "began", candidate: 1, split: 0, run: RUNS[1], changes: { dropout: 0.6 } });
  await journal.add(trial(0, RUNS[0]));
  await journal.close();
  return journal.folder;
}

Deno.test("Journal.open() reads what was written, and continues it", () =>
  inTemporaryDirectory(async (folder) => {
    const place = await written(folder);
    const journal = await Journal.open(place);
    assertEquals(journal.beginning, { type: "tuning", version: 1, ...beginning });
    assertEquals([journal.trials, journal.unfinished, journal.width], [[trial(0, RUNS[0])], [RUNS[1]], undefined]);
    await journal.add(trial(1, RUNS[1]));
    await journal.add({ type: "width", candidates: 2, elapsed: 9 });
    await journal.close();
    const again = await Journal.open(place);
    assertEquals([again.trials.length, again.unfinished, again.width, again.elapsed], [2, [], 2, 9]);
    await again.close();
  }));

Deno.test("Journal.open() cuts off a line that was torn at any byte", () =>
  inTemporaryDirectory(async (folder) => {
    const place = await written(folder);
    const path = join(place, "tune.jsonl");
    const whole = await readFile(path);
    const last = `${JSON.stringify(trial(1, RUNS[1]))}\n`;
    for (let length = 0; length < last.length; length++) {
      await appendFile(path, last.slice(0, length));
      const journal = await Journal.open(place);
      assertEquals(journal.trials.length, 1);
      await journal.close();
      assertEquals(await readFile(path), whole);
    }
  }));

Deno.test("Journal.open() refuses a folder without a journal, a second process, and damage", () =>
  inTemporaryDirectory(async (folder) => {
    await assertRejects(() => Journal.open(join(folder, "none")), InputError, "There is no search in");
    const place = await written(folder);
    const path = join(place, "tune.jsonl");
    const journal = await Journal.open(place);
    await assertRejects(() => Journal.open(place), InputError, "is in use");
    await journal.close();
    await appendFile(path, '{"type":"trial"}\n');
    await assertRejects(() => Journal.open(place), DamagedFile, "tune.jsonl");
    await truncate(path, 0);
    await assertRejects(() => Journal.open(place), DamagedFile, "its first line is not that of a search");
  }));
