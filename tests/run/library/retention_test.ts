import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { readdir, stat, symlink } from "node:fs/promises";
import { shareFile } from "../../../lib/run/files/lock.ts";
import { RunLibrary } from "../../../lib/run/library/library.ts";
import { keepRuns, removeRun } from "../../../lib/run/library/retention.ts";
import { listRuns } from "../../../lib/run/files/directory.ts";
import type { TrainingRun } from "../../../lib/run/training/training_run.ts";
import { inTemporaryDirectory } from "../temporary.ts";
import { createTinyRun } from "../tiny_run.ts";

Deno.test("removeRun() removes a whole run, but no run that is trained or served", () =>
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

Deno.test("keepRuns() removes all runs except newest, latest, listed and training ones", () =>
  inTemporaryDirectory(async (runsDir) => {
    const runs: TrainingRun[] = [];
    for (let count = 0; count < 5; count++) {
      const run = await createTinyRun(runsDir);
      runs.push(run);
      // The second run is still training.
      if (count !== 1) await run.log.close();
    }
    const ids = runs.map(({ id }) => id);
    const [newest, ...others] = ids.toSorted().reverse();
    const trained = ids[1]!;
    const listed = others.find((id) => id !== trained)!;
    // The link points at the run that was made last.
    const kept = new Set([newest!, trained, listed, ids[4]!]);
    assertEquals(await keepRuns(runsDir, 0, []), []);
    const gone = await keepRuns(runsDir, 1, [listed]);
    assertEquals(new Set(gone), new Set(ids.filter((id) => !kept.has(id))));
    assertEquals(new Set(await listRuns(runsDir)), kept);
    await runs[1]!.log.close();
  }));

Deno.test("RunLibrary removes runs, but never its current one, and pages and filters runs", () =>
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

Deno.test("removeRun() and keepRuns() remove a link to a run, and no file of its target", () =>
  inTemporaryDirectory(async (folder) => {
    const [archive, runsDir] = [join(folder, "archive"), join(folder, "runs")];
    const archived = await createTinyRun(archive);
    await archived.log.close();
    const kept = await readdir(archived.directory);
    const own = await createTinyRun(runsDir);
    await own.log.close();
    for (const id of ["20200101-000000-link", archived.id]) {
      await symlink(archived.directory, join(runsDir, id));
      assertEquals(await removeRun(join(runsDir, id)), "removed");
    }
    await symlink(archived.directory, join(runsDir, "20200101-000000-link"));
    assertEquals(await keepRuns(runsDir, 1, []), ["20200101-000000-link"]);
    assertEquals(await listRuns(runsDir), [own.id]);
    assertEquals(await readdir(archived.directory), kept);
  }));

Deno.test("other users cannot write to files of a run, with any umask", async () => {
  if (Deno.build.os === "windows") return;
  await inTemporaryDirectory(async (runsDir) => {
    // This needs a process of its own: the umask applies to a whole process, and tests run in parallel.
    const module = (name: string) => JSON.stringify(import.meta.resolve(`../../../lib/run/${name}.ts`));
    const script = `import { createRunDirectory, nameLatest } from ${module("files/directory")};
      import { EventLog } from ${module("log/event_log")};
      Deno.umask(0);
      const runsDir = Deno.args[0];
      const id = await createRunDirectory(runsDir + "/runs", new Date());
      await nameLatest(runsDir + "/runs", id);
      await (await EventLog.create(runsDir + "/runs/" + id + "/events.jsonl")).close();
      console.log(id);`;
    const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["eval", "-q", script, runsDir] }).output();
    const id = new TextDecoder().decode(stdout).trim();
    for (const name of ["", "latest", id, `${id}/events.jsonl`, `${id}/checkpoints`]) {
      assertEquals((await stat(join(runsDir, "runs", name))).mode & 0o022, 0, name);
    }
  });
});
