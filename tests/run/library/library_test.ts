import { assertEquals, assertRejects } from "@std/assert";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunEvent } from "../../../lib/base/events.ts";
import { RunLibrary } from "../../../lib/run/library/library.ts";
import type { RunQuery } from "../../../lib/run/types.ts";
import { inTemporaryDirectory } from "../temporary.ts";
import { createTinyRun } from "../tiny_run.ts";

const never = new AbortController().signal;

async function idsOf(batches: AsyncIterable<readonly RunEvent[]>): Promise<number[]> {
  return (await Array.fromAsync(batches)).flat().map(({ id }) => id);
}

Deno.test("RunLibrary.live() reads the run that is training live, and others from their files", () =>
  inTemporaryDirectory(async (runsDir) => {
    const first = await createTinyRun(runsDir);
    const summary = await first.train();
    const run = await createTinyRun(runsDir);
    const library = RunLibrary.live(run);
    assertEquals(library.current, run.id);
    const { startedAt, config } = run;
    const before = { id: run.id, startedAt, config, state: "running", events: 0, summary: null } as const;
    assertEquals(await library.get(run.id), before);
    const live = idsOf(library.events(run.id, 0, never, false));
    const own = await run.train();
    const count = run.log.count;
    assertEquals(await live, Array.from({ length: count }, (_, i) => i + 1));
    assertEquals(await library.get(run.id), { ...before, state: "finished", events: count, summary: own });
    assertEquals((await library.get(first.id))?.summary, summary);
    assertEquals(await idsOf(library.events(first.id, first.log.count - 2, never, false)), [
      first.log.count - 1,
      first.log.count,
    ]);
    assertEquals(new Set((await library.list()).map(({ id }) => id)), new Set([first.id, run.id]));
  }));

Deno.test("RunLibrary says that another process trains a run, until that process ends", () =>
  inTemporaryDirectory(async (runsDir) => {
    const served = await createTinyRun(runsDir);
    await served.train();
    const other = await createTinyRun(runsDir);
    other.log.append({ type: "paused" });
    await other.log.flush();
    const library = RunLibrary.saved(served.directory, served.id);
    const stateOf = async (id: string) => {
      const detail = await library.get(id);
      return [detail?.state, detail?.elsewhere, detail?.events];
    };
    assertEquals(await stateOf(other.id), ["running", true, 1]);
    assertEquals((await library.list({ state: "running" })).map(({ id }) => id), [other.id]);
    await other.log.close();
    assertEquals(await stateOf(other.id), ["interrupted", undefined, 1]);
    assertEquals(await stateOf(served.id), ["finished", undefined, served.log.count]);
  }));

Deno.test("RunLibrary.add() lists a run live beside the current one, until one is added after its end", () =>
  inTemporaryDirectory(async (runsDir) => {
    const [current, second, third] = [
      await createTinyRun(runsDir),
      await createTinyRun(runsDir),
      await createTinyRun(runsDir),
    ];
    const library = RunLibrary.live(current);
    library.add(second);
    assertEquals([library.current, (await library.get(second.id))?.state], [current.id, "running"]);
    const live = idsOf(library.events(second.id, 0, never, false));
    await second.train();
    assertEquals(await live, Array.from({ length: second.log.count }, (_, i) => i + 1));
    library.add(third);
    assertEquals((await library.get(second.id))?.state, "finished");
    assertEquals(library.act(second.id, "stop"), false);
    assertEquals(library.act(third.id, "stop"), true);
    assertEquals((await library.get(third.id))?.state, "stopping");
    await Promise.all([third.train(), current.train()]);
  }));

Deno.test("RunLibrary.saved() says how each run ended", () =>
  inTemporaryDirectory(async (runsDir) => {
    const finished = await createTinyRun(runsDir);
    const summary = await finished.train();
    const failed = await createTinyRun(runsDir);
    failed.log.append({ type: "failed", error: "no luck" });
    await failed.log.close();
    const killed = await createTinyRun(runsDir);
    killed.log.append({ type: "stopping", reason: "asked to stop" });
    await killed.log.close();
    const library = RunLibrary.saved(finished.directory, finished.id);
    assertEquals(library.current, finished.id);
    const state = async (id: string) => {
      const detail = await library.get(id);
      return [detail?.state, detail?.events, detail?.summary];
    };
    assertEquals(await state(finished.id), ["finished", finished.log.count, summary]);
    assertEquals(await state(failed.id), ["failed", 1, null]);
    assertEquals(await state(killed.id), ["interrupted", 1, null]);
    assertEquals((await library.list()).length, 3);
    const leaving = new AbortController();
    leaving.abort();
    assertEquals(await idsOf(library.events(finished.id, 0, leaving.signal, false)), []);
  }));

Deno.test("RunLibrary.saved() reads its run from a directory of any name", () =>
  inTemporaryDirectory(async (runsDir) => {
    const other = await createTinyRun(runsDir);
    await other.log.close();
    const run = await createTinyRun(runsDir);
    const summary = await run.train();
    const directory = join(runsDir, "my-model");
    await rename(run.directory, directory);
    const library = RunLibrary.saved(directory, run.id);
    assertEquals((await library.get(run.id))?.summary, summary);
    assertEquals((await idsOf(library.events(run.id, 0, never, true))).length, run.log.count);
    assertEquals((await library.list()).map(({ id }) => id), [run.id, other.id].sort().reverse());
  }));

Deno.test("RunLibrary leaves out directories that are no run, and refuses invalid ids", () =>
  inTemporaryDirectory(async (runsDir) => {
    const run = await createTinyRun(runsDir);
    await run.log.close();
    const library = RunLibrary.saved(run.directory, run.id);
    await mkdir(join(runsDir, "20200101-000000-none"));
    await mkdir(join(runsDir, "20200101-000000-junk"));
    await writeFile(join(runsDir, "20200101-000000-junk", "run.json"), "{}");
    assertEquals((await library.list()).map(({ id }) => id), [run.id]);
    for (const id of ["20200101-000000-none", "../etc", "latest", ""]) {
      for (const read of ["get", "data", "evaluation"] as const) assertEquals(await library[read](id), undefined);
    }
    assertEquals([await library.data(run.id), await library.evaluation(run.id)], [undefined, undefined]);
    await assertRejects(() => library.get("20200101-000000-junk"));
    await rm(join(run.directory, "events.jsonl"));
    assertEquals((await library.get(run.id))?.events, 0);
  }));

Deno.test("RunLibrary.edit() names runs, also in a directory of another name, and list() finds them", () =>
  inTemporaryDirectory(async (runsDir) => {
    const other = await createTinyRun(runsDir);
    await other.log.close();
    const run = await createTinyRun(runsDir);
    await run.train();
    const library = RunLibrary.saved(run.directory, run.id);
    const edited = await library.edit(other.id, { name: "Näme", tags: ["slow"] });
    assertEquals(edited === "kept" ? edited : [edited.name, edited.tags, edited.state], [
      "Näme",
      ["slow"],
      "interrupted",
    ]);
    const found = async (query: RunQuery) => (await library.list(query)).map(({ id }) => id);
    assertEquals([await found({ text: "nÄM" }), await found({ tag: "slow" }), await found({ tag: "slo" })], [
      [other.id],
      [other.id],
      [],
    ]);
    await library.edit(run.id, { note: "a slow one" });
    assertEquals((await found({ text: "slow" })).length, 2);
  }));
