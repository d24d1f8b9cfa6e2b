/** Where runs live: `runs/<id>/`, and `runs/latest`, which points at the newest. */
import { randomInt } from "node:crypto";
import { mkdir, readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errorMessage, InputError } from "../errors.ts";
import { errorCode, makeDirectory } from "./files.ts";

/** A run's id: when it began (UTC) and a few random letters, so that ids sort by time. */
export const RUN_ID = /^\d{8}-\d{6}-[a-z]{4}$/;

/** An id for a run that begins `now`. */
export function newId(now: Date): string {
  const [date, time] = now.toISOString().replace(/[-:]/g, "").split(/[T.]/);
  const letters = Array.from({ length: 4 }, () => String.fromCharCode(97 + randomInt(26))).join("");
  return `${date}-${time}-${letters}`;
}

/** Makes the directory of a new run in `runsDir`, called `given` if it has an id, and returns its id. Throws an InputError if it cannot. */
export async function createRunDirectory(runsDir: string, now: Date, given?: string): Promise<string> {
  try {
    await mkdir(runsDir, { recursive: true });
    for (let attempt = 0; attempt < 10; attempt++) {
      const id = given ?? newId(now);
      if (!(await makeDirectory(join(runsDir, id)))) continue;
      await mkdir(join(runsDir, id, "checkpoints"));
      return id;
    }
  } catch (error) {
    const reason = error instanceof Deno.errors.NotCapable
      ? "it is not among those that the task may write. Start with " +
        `deno run -P=train --allow-read=.,${runsDir} --allow-write=${runsDir} main.ts train`
      : errorMessage(error);
    throw new InputError([{ field: "runsDir", message: `Cannot write to the runs directory "${runsDir}": ${reason}` }]);
  }
  throw new Error(`No free run id in "${runsDir}" after 10 attempts`);
}

/**
 * Points `runs/latest` at run `id`. This runtime makes links only for programs that may write anywhere, so the task is
 * left to `ln`, the one program that training may run. Where there is none, `resolveRun` finds the newest run itself.
 */
export function linkLatest(runsDir: string, id: string): void {
  try {
    // Not node's spawn, which reads all environment variables.
    const args = ["-sfn", "--", id, join(runsDir, "latest")];
    new Deno.Command("ln", { args, stdin: "null", stdout: "null", stderr: "null" }).outputSync();
  } catch {
    // Not permitted or not there: see above.
  }
}

/** Ids of the runs in `runsDir`, newest first. None if the directory is not there. */
export async function listRuns(runsDir: string): Promise<string[]> {
  try {
    return (await readdir(runsDir)).filter((name) => RUN_ID.test(name)).sort().reverse();
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

/** The directory that `path` (`runs/<id>` or `runs/latest`) names. Throws an InputError if there is no such run. */
export async function resolveRun(path: string): Promise<string> {
  if (await exists(join(path, "run.json"))) return path;
  if (basename(path) === "latest") {
    const [newest] = await listRuns(dirname(path));
    if (newest) return join(dirname(path), newest);
  }
  const known = (await listRuns(dirname(path)))[0];
  const hint = known ? `the newest is ${join(dirname(path), known)}` : `there is none in "${dirname(path)}"; train one`;
  throw new InputError([{ field: "run", message: `There is no run in "${path}": ${hint}` }]);
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return false;
    throw error;
  }
}
