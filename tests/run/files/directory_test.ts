import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { mkdir, readFile, realpath, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../../lib/base/errors.ts";
import {
  createRunDirectory,
  latestRun,
  listRuns,
  nameLatest,
  resolveRun,
  RUN_ID,
} from "../../../lib/run/files/directory.ts";
import { inTemporaryDirectory } from "../temporary.ts";

/** Makes a run with a manifest that began at `time`. */
async function makeRun(runsDir: string, time: string): Promise<string> {
  const id = await createRunDirectory(runsDir, new Date(time));
  await writeFile(join(runsDir, id, "run.json"), "{}");
  return id;
}

Deno.test("createRunDirectory() makes runs/<time>-<letters>/checkpoints, and parents", () =>
  inTemporaryDirectory(async (directory) => {
    const runsDir = join(directory, "deep", "runs");
    const id = await createRunDirectory(runsDir, new Date("2026-07-04T05:06:07.890Z"));
    assertMatch(id, /^20260704-050607-[a-z]{4}$/);
    assertMatch(id, RUN_ID);
    assert((await stat(join(runsDir, id, "checkpoints"))).isDirectory());
  }));

Deno.test("createRunDirectory() never returns an id twice in the same second", () =>
  inTemporaryDirectory(async (runsDir) => {
    const now = new Date("2026-07-04T05:06:07Z");
    const ids = await Promise.all(Array.from({ length: 40 }, () => createRunDirectory(runsDir, now)));
    assertEquals(new Set(ids).size, 40);
  }));

Deno.test("createRunDirectory() throws an InputError that names a directory that cannot be made", () =>
  inTemporaryDirectory(async (directory) => {
    const path = join(directory, "file");
    await writeFile(path, "");
    const error = await assertRejects(() => createRunDirectory(path, new Date()), InputError, `"${path}"`);
    assertEquals(error.problems.map(({ field }) => field), ["runsDir"]);
  }));

Deno.test("listRuns() lists ids by time, newest first, and no other names", () =>
  inTemporaryDirectory(async (runsDir) => {
    const times = ["2025-12-31T23:59:59Z", "2026-10-01T00:00:00Z", "2026-02-03T00:00:00Z"];
    const [first, third, second] = await Promise.all(times.map((time) => makeRun(runsDir, time)));
    await mkdir(join(runsDir, "notes"));
    await nameLatest(runsDir, first!);
    assertEquals(await listRuns(runsDir), [third, second, first]);
    assertEquals(await listRuns(join(runsDir, "none")), []);
  }));

Deno.test("nameLatest() writes a run to runs/latest, and then another one, also in place of a link", () =>
  inTemporaryDirectory(async (runsDir) => {
    const old = await makeRun(runsDir, "2025-01-01T00:00:00Z");
    await symlink(old, join(runsDir, "latest"));
    assertEquals(await latestRun(runsDir), old);
    for (const time of ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]) {
      const id = await makeRun(runsDir, time);
      await nameLatest(runsDir, id);
      assertEquals(await readFile(join(runsDir, "latest"), "utf8"), `${id}\n`);
      assertEquals(await latestRun(runsDir), id);
    }
    assertEquals(await readFile(join(runsDir, old, "run.json"), "utf8"), "{}");
  }));

Deno.test("latestRun() reads only an id, of any file, also of a large or irregular one", () =>
  inTemporaryDirectory(async (runsDir) => {
    const path = join(runsDir, "latest");
    assertEquals(await latestRun(join(runsDir, "none")), undefined);
    for (const content of ["", "../../..", "x".repeat(1000), "/etc"]) {
      await writeFile(path, content);
      assertEquals(await latestRun(runsDir), undefined);
    }
    await rm(path);
    await mkdir(path);
    assertEquals(await latestRun(runsDir), undefined);
    await nameLatest(runsDir, "20260101-000000-abcd");
    assertEquals(await latestRun(runsDir), undefined);
  }));

Deno.test("resolveRun() finds a run by its path, and latest by its file, or else the newest run", () =>
  inTemporaryDirectory(async (runsDir) => {
    const older = await makeRun(runsDir, "2026-01-01T00:00:00Z");
    const newer = await makeRun(runsDir, "2026-01-02T00:00:00Z");
    const latest = join(runsDir, "latest");
    assertEquals(await resolveRun(join(runsDir, older)), join(runsDir, older));
    for (const path of [latest, `${runsDir}/latest/`]) assertEquals(await resolveRun(path), join(runsDir, newer));
    // The second path is searched as well.
    assertEquals(await resolveRun(join(runsDir, "none", older), join(runsDir, older)), join(runsDir, older));
    const named: [string, () => Promise<void>][] = [
      ["a file", () => nameLatest(runsDir, older)],
      ["a link", () => symlink(older, latest)],
    ];
    for (const [what, name] of named) {
      await name();
      assertEquals(await realpath(await resolveRun(latest)), await realpath(join(runsDir, older)), what);
      await rm(latest);
    }
    await nameLatest(runsDir, older);
    await rm(join(runsDir, older), { recursive: true });
    assertEquals(await resolveRun(latest), join(runsDir, newer));
  }));

Deno.test("resolveRun() names the newest run if a run does not exist", () =>
  inTemporaryDirectory(async (runsDir) => {
    const id = await makeRun(runsDir, "2026-01-01T00:00:00Z");
    const path = join(runsDir, "20260101-000000-none");
    const error = await assertRejects(() => resolveRun(path), InputError);
    assertEquals(error.problems, [{
      field: "run",
      message: `There is no run in "${path}": the newest is ${join(runsDir, id)}`,
    }]);
  }));

Deno.test("resolveRun() says that a folder has no run", () =>
  inTemporaryDirectory(async (runsDir) => {
    for (const path of [join(runsDir, "latest"), join(runsDir, "none", "latest"), join(runsDir, "x")]) {
      await assertRejects(() => resolveRun(path), InputError, `There is no run in "${path}": there is none in`);
    }
  }));

Deno.test("resolveRun() describes a run killed before it began, and never as the newest run", () =>
  inTemporaryDirectory(async (runsDir) => {
    const whole = await makeRun(runsDir, "2026-01-01T00:00:00Z");
    const cut = join(runsDir, await createRunDirectory(runsDir, new Date("2026-01-02T00:00:00Z")));
    await assertRejects(
      () => resolveRun(cut),
      InputError,
      `The run in "${cut}" has no run.json: it was killed before it began`,
    );
    assertEquals(await resolveRun(join(runsDir, "latest")), join(runsDir, whole));
    await assertRejects(() => resolveRun(join(runsDir, "x")), InputError, `the newest is ${join(runsDir, whole)}`);
  }));
