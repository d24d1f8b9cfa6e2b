/** Tests that clients do not see the paths of files. */
import { assert, assertEquals } from "@std/assert";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { configPaths, configSchema } from "../../../lib/config/schema.ts";
import type { RunEvent } from "../../../lib/base/events.ts";
import { RunLibrary } from "../../../lib/run/library/library.ts";
import { RunQueue } from "../../../lib/run/library/run_queue.ts";
import { ShownPaths } from "../../../lib/run/library/shown_paths.ts";
import { ROOT } from "../../cli/process.ts";
import { fakeApp } from "../../serve/fakes.ts";
import { inTemporaryDirectory } from "../temporary.ts";

const FOLDERS = { dataDir: "/secret/data", runsDir: "/secret/runs" };
const stamp = { id: 1, at: "2026-01-02T03:04:05.000Z" };

Deno.test("ShownPaths.config() shows a file by its name in the data directory, or its file name", () => {
  for (const [key, { kind }] of configPaths) {
    for (
      const [path, name] of [["/secret/data/a/b.csv", "a/b.csv"], ["/secret/x/b.csv", "b.csv"], ["../b.csv", "b.csv"]]
    ) {
      const one = configSchema.parse({ task: "table", data: ["-"] })[key as "data"];
      const value = (file: string) => Array.isArray(one) ? [file, "-"] : file;
      const shown = new ShownPaths({}, FOLDERS).config({ seed: 7, [key]: value(path!) });
      assertEquals(shown, { seed: 7, [key]: value(name!) }, `${key}, a ${kind}`);
    }
  }
  const own = { data: ["rows.csv", "more/rows.csv", "-"], test: "", seed: 7 };
  assertEquals(new ShownPaths(own, FOLDERS).config(own), own);
});

Deno.test("ShownPaths.event() leaves no path in events", () => {
  const config = { data: ["/secret/data/a.csv", "/secret/data/a.csv.gz"], weights: "/secret/elsewhere/w.safetensors" };
  const paths = new ShownPaths(config, FOLDERS);
  const text =
    `"/secret/data/a.csv.gz", /secret/data/a.csv:18, /secret/elsewhere/w.safetensors, /secret/runs/r1/run.json`;
  const shown = `"a.csv.gz", a.csv:18, w.safetensors, r1/run.json`;
  const events: RunEvent[] = [
    { ...stamp, type: "incident", message: text },
    { ...stamp, type: "failed", error: text },
    { ...stamp, type: "stopping", reason: text },
  ];
  for (const event of events) {
    const said = JSON.stringify(paths.event(event));
    assert(said.includes(JSON.stringify(shown).slice(1, -1)) && !said.includes("secret"), said);
  }
  const same: RunEvent = { ...stamp, type: "paused" };
  assert(paths.event(same) === same);
});

Deno.test("no route shows where the files of a run are", () =>
  inTemporaryDirectory(async (folder) => {
    const source = join(ROOT, "tests/fixtures/runs/files-finished");
    const { id } = JSON.parse(await readFile(join(source, "run.json"), "utf8"));
    const directory = join(folder, id);
    await cp(source, directory, { recursive: true });
    const inJson = (text: string) => JSON.stringify(text).slice(1, -1);
    for (const file of ["run.json", "events.jsonl", "data.json", "judgement.json"]) {
      const text = await readFile(join(directory, file), "utf8");
      const changed = text.replaceAll("tests/fixtures/runs/rows.csv", inJson('/secret "plâce"/rows.csv'))
        .replaceAll('"tokenFile":""', '"tokenFile":"/secret/token"');
      assert(changed.includes("secret"), file);
      await writeFile(join(directory, file), changed);
    }
    const { app } = fakeApp({ services: { runs: RunLibrary.saved(directory, id) } });
    for (
      const route of ["/runs", `/runs/${id}`, `/runs/${id}/events?all=1`, `/runs/${id}/data`, `/runs/${id}/judgement`]
    ) {
      const text = await (await app.request(route)).text();
      assert(text.includes("rows.csv") && !/secret|plâce/.test(text), `${route}: ${text.slice(0, 2000)}`);
      if (!route.includes("events")) JSON.parse(text);
    }
    assertEquals((await (await app.request("/runs?text=secret")).json()).runs, []);
    assertEquals((await (await app.request("/runs?text=rows")).json()).runs.length, 1);
  }));

Deno.test("a queued run is shown with the names of its files in the data directory", () =>
  inTemporaryDirectory(async (folder) => {
    await mkdir(join(folder, "a"));
    await writeFile(join(folder, "a", "rows.csv"), "text,label\nx,1\ny,2\n");
    const queue = new RunQueue(configSchema.parse({ dataDir: folder, runsDir: join(folder, "runs") }));
    const added = await queue.add({ data: ["a/rows.csv"], tokenizer: "words" });
    assertEquals(added?.config["data"], ["a/rows.csv"]);
    assert(!JSON.stringify(queue.list()).includes(folder));
  }));
