/** Tests irregular files in place of a run's files: no reader waits for a pipe, or reads a device without end. */
import { assert, assertEquals } from "@std/assert";
import { cp, rm, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { DamagedFile, InputError } from "../../../lib/base/errors.ts";
import { RunLibrary } from "../../../lib/run/library/library.ts";
import { readModel } from "../../../lib/run/files/model_files.ts";
import { keepRuns, removeRun } from "../../../lib/run/library/retention.ts";
import { TrainingRun } from "../../../lib/run/training/training_run.ts";
import { fakeApp } from "../../serve/fakes.ts";
import { soon } from "../../serve/http/reading.ts";
import { filesOf } from "./damage.ts";
import { inTemporaryDirectory } from "../temporary.ts";
import { createTinyRun, tinyRunConfig, workerUrl } from "../tiny_run.ts";

/** Kinds of irregular files, and how a message describes them. */
const KINDS: Readonly<Record<string, { readonly make: (path: string) => Promise<unknown>; readonly reason: string }>> =
  {
    pipe: { make: (path) => new Deno.Command("mkfifo", { args: [path] }).output(), reason: "it is no regular file" },
    device: { make: (path) => symlink("/dev/zero", path), reason: "it is no regular file" },
    circle: { make: (path) => symlink(basename(path), path), reason: "its links lead in a circle" },
  };
const ignore = Deno.build.os === "windows";

/** Calls `use` with copies of a finished run: one for each of its files and each kind in place of the file. */
function withIrregular(use: (directory: string, file: string, reason: string) => Promise<void>): Promise<void> {
  return inTemporaryDirectory(async (folder) => {
    const run = await createTinyRun(join(folder, "runs"));
    await run.train();
    const files = await filesOf(run.directory);
    assert(files.length >= 6, files.join());
    for (const [kind, { make, reason }] of Object.entries(KINDS)) {
      for (const file of files) {
        const copy = join(folder, `${kind}-${file.replaceAll("/", "-")}`, run.id);
        await cp(run.directory, copy, { recursive: true });
        await rm(join(copy, file));
        await make(join(copy, file));
        await use(copy, file, reason);
      }
    }
  });
}

/** Returns the error that `work` ends with, in time, or undefined if it does not need the file. */
async function errorOf(what: string, work: Promise<unknown>): Promise<Error | undefined> {
  try {
    await soon(work, what);
    return undefined;
  } catch (error) {
    assert(error instanceof DamagedFile || error instanceof InputError, `${what}: ${error}`);
    return error;
  }
}

Deno.test(
  { name: "every reader of a run reports irregular files, and waits for none", ignore },
  () =>
    withIrregular(async (directory, file, reason) => {
      const id = basename(directory);
      const library = RunLibrary.saved(join(directory, "..", "20200101-000000-none"), "20200101-000000-none");
      const reads: readonly (readonly [name: string, files: readonly string[], read: () => Promise<unknown>])[] = [
        ["get", ["run.json", "events.jsonl"], () => library.get(id)],
        ["list", [], () => library.list()],
        ["data", ["run.json"], () => library.data(id)],
        ["judgement", ["run.json", "events.jsonl"], () => library.evaluation(id)],
        [
          "events",
          ["events.jsonl"],
          () => Array.fromAsync(library.events(id, 0, new AbortController().signal, true)),
        ],
        [
          "model",
          ["model/lockstep.json", "model/model.json", "model/weights.bin"],
          () => readModel(directory),
        ],
        ["resume", ["run.json", "events.jsonl"], async () => {
          const config = tinyRunConfig(join(directory, ".."));
          await (await TrainingRun.resume(directory, { config, workerUrl, cores: 1 })).log.close();
        }],
      ];
      for (const [name, needed, read] of reads) {
        const what = `${name} with ${file}: ${reason}`;
        const error = await errorOf(what, read());
        assertEquals(error?.message.includes(reason) ?? false, needed.includes(file), `${what}: ${error?.message}`);
      }
      assertEquals(await soon(removeRun(directory), `removing with ${file}`), "removed");
    }),
);

Deno.test(
  { name: "a server with such runs lists the others, and answers 404 or 409 for these", ignore },
  () =>
    inTemporaryDirectory(async (runsDir) => {
      const run = await createTinyRun(runsDir);
      await run.train();
      const answers: Record<string, number> = {};
      const add = async (name: string, status: number, make: (path: string) => Promise<unknown>) => {
        const id = `20200101-000000-${name}`;
        await make(join(runsDir, id));
        answers[id] = status;
      };
      await add("file", 404, (path) => writeFile(path, ""));
      await add("loop", 409, (path) => symlink(basename(path), path));
      for (const [name, file] of [["pipe", "run.json"], ["logs", "events.jsonl"]] as const) {
        await add(name, 409, async (path) => {
          await cp(run.directory, path, { recursive: true });
          await rm(join(path, file));
          await KINDS.pipe!.make(join(path, file));
        });
      }
      const errors: unknown[] = [];
      const runs = RunLibrary.saved(run.directory, run.id);
      const { app } = fakeApp({ services: { runs }, onError: (error: unknown) => errors.push(error) });
      const { runs: listed } = await (await soon(app.request("/runs"), "the list")).json();
      assertEquals(listed.map(({ id }: { id: string }) => id), [run.id]);
      for (const [id, status] of Object.entries(answers)) {
        for (const path of ["", "/data", "/judgement", "/events"]) {
          const response = await soon(app.request(`/runs/${id}${path}`), `${id}${path}`);
          assertEquals([path, response.status], [path, status], id);
          await response.body?.cancel();
        }
        assertEquals((await soon(app.request(`/runs/${id}`, { method: "DELETE" }), id)).status, status);
      }
      assertEquals(errors, []);
      assertEquals(
        (await soon(keepRuns(runsDir, 1, []), "keeping one run")).toSorted(),
        Object.keys(answers).toSorted(),
      );
    }),
);
