import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { readdir } from "node:fs/promises";
import { shareFile } from "../../lib/run/lock.ts";
import { RunLibrary } from "../../lib/run/library.ts";
import { keepRuns, removeRun } from "../../lib/run/retention.ts";
import { listRuns } from "../../lib/run/directory.ts";
import type { TrainingRun } from "../../lib/run/training_run.ts";
import { inTemporaryDirectory } from "./temporary.ts";
import { createTinyRun } from "./tiny_run.ts";

Deno.test("removeRun() leaves nothing, but does not touch a run that is trained or served", () =>
  inTemporaryDirectory(async (runsDir) => {
    const run = await createTinyRun(runsDir);
    assertEquals(await removeRun(run.directory), "busy");
    await run.log.close();
    const served = await shareFile(join(run.directory, "run.json"));
    assertEquals(await removeRun(run.directory), "busy");
    served.close();
    assertEquals((await readdir(run.directory)).includes("run.json"), true);
    assertEquals(await removeRun(run.directory), "removed");
    assertEquals(await listRuns(runsDir), []);
  }));

Deno.test("keepRuns() removes all but the newest, the latest, those it is told of and those that are trained", () =>
  inTemporaryDirectory(async (runsDir) => {
    const runs: TrainingRun[] = [];
    for (let count = 0; count < 5; count++) {
      const run = await createTinyRun(runsDir);
      runs.push(run);
      // The second is still being trained.
      if (count !== 1) await run.log.close();
    }
    const ids = runs.map(({ id }) => id);
    const [newest, ...others] = ids.toSorted().reverse();
    const trained = ids[1]!;
    const told = others.find((id) => id !== trained)!;
    // The link points at the one that was made last.
    const kept = new Set([newest!, trained, told, ids[4]!]);
    assertEquals(await keepRuns(runsDir, 0, []), []);
    const gone = await keepRuns(runsDir, 1, [told]);
    assertEquals(new Set(gone), new Set(ids.filter((id) => !kept.has(id))));
    assertEquals(new Set(await listRuns(runsDir)), kept);
    await runs[1]!.log.close();
  }));

Deno.test("RunLibrary removes runs, but never its own, and pages and filters those there are", () =>
  inTemporaryDirectory(async (runsDir) => {
    const own = await createTinyRun(runsDir);
    await own.log.close();
    const failed = await createTinyRun(runsDir);
    failed.log.append({ type: "failed", error: "no luck" });
    await failed.log.close();
    const library = RunLibrary.saved(own.directory, own.id);
    const ids = async (query: Parameters<typeof library.list>[0]) => (await library.list(query)).map(({ id }) => id);
    const all = [own.id, failed.id].toSorted().reverse();
    assertEquals(await ids({}), all);
    assertEquals(await ids({ limit: 1 }), all.slice(0, 1));
    assertEquals(await ids({ after: all[0] }), all.slice(1));
    assertEquals(await ids({ state: "failed" }), [failed.id]);
    assertEquals(await ids({ text: "PARITY" }), all);
    assertEquals(await ids({ text: failed.id.slice(-4).toUpperCase(), limit: 1 }), [failed.id]);
    assertEquals([await ids({ text: "tickets.csv" }), library.trains], [[], false]);
    assertEquals(await library.remove(own.id), "busy");
    assertEquals(await library.remove(failed.id), "removed");
    assertEquals(await ids({}), [own.id]);
    assertEquals(await library.start({}), "never");
  }));
