/** Creates and finds the directories of runs: `runs/<id>/`, and `runs/latest`, a file that names the newest run. */
import { randomInt } from "node:crypto";
import { lstat, mkdir, readdir, readFile, readlink, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { deniedAccess, errorMessage, inputError, missingPermission } from "../../base/errors.ts";
import { FOLDER_MODE, makeDirectory, unlessMissing, writeWhole } from "./files.ts";

/** Matches a run's id: its start (UTC) and a few random letters, so that ids sort by time. */
export const RUN_ID = /^\d{8}-\d{6}-[a-z]{4}$/;

/** Makes an id for a run that begins `now`. */
export function newId(now: Date): string {
  const [date, time] = now.toISOString().replace(/[-:]/g, "").split(/[T.]/);
  const letters = Array.from({ length: 4 }, () => String.fromCharCode(97 + randomInt(26))).join("");
  return `${date}-${time}-${letters}`;
}

/** Makes the directory of a new run in `runsDir`. Returns its id: `given`, or a new one. Throws an InputError if it cannot. */
export async function createRunDirectory(runsDir: string, now: Date, given?: string): Promise<string> {
  try {
    await mkdir(runsDir, { recursive: true, mode: FOLDER_MODE });
    for (let attempt = 0; attempt < 10; attempt++) {
      const id = given ?? newId(now);
      if (!(await makeDirectory(join(runsDir, id)))) continue;
      await mkdir(join(runsDir, id, "checkpoints"), { mode: FOLDER_MODE });
      return id;
    }
  } catch (error) {
    const reason = deniedAccess(error) ? missingPermission("write to", runsDir) : errorMessage(error);
    throw inputError("runsDir", `Cannot write to the runs directory "${runsDir}": ${reason}`);
  }
  throw new Error(`No free run id in "${runsDir}" after 10 attempts`);
}

/**
 * Writes run `id` to `runs/latest`. It is a file, as this runtime makes links only for programs that may write anywhere. If
 * it cannot be written, `resolveRun` finds the newest run itself.
 */
export async function nameLatest(runsDir: string, id: string): Promise<void> {
  try {
    await writeWhole(join(runsDir, "latest"), `${id}\n`);
  } catch {
    // The disk is full, or `latest` is a folder.
  }
}

/** Returns the id of the run that `runs/latest` names; earlier versions made it a link. */
export async function latestRun(runsDir: string): Promise<string | undefined> {
  const path = join(runsDir, "latest");
  return await unlessMissing(async () => {
    const found = await lstat(path);
    const id = found.isSymbolicLink()
      ? basename(await readlink(path))
      : found.isFile() && found.size < 100
      ? (await readFile(path, "utf8")).trim()
      : "";
    return RUN_ID.test(id) ? id : undefined;
  });
}

/** Lists the ids of the runs in `runsDir`, newest first. A missing directory has none. */
export async function listRuns(runsDir: string): Promise<string[]> {
  const names = await unlessMissing(() => readdir(runsDir)) ?? [];
  return names.filter((name) => RUN_ID.test(name)).sort().reverse();
}

/** The folder of a run that is named only by its id, or as `latest`. */
const DEFAULT_FOLDER = "runs";

/**
 * Returns the directory of the first of `paths` with a run: `runs/<id>` or `runs/latest`, or only `<id>` or `latest`.
 * Throws an InputError about the first path if no path has a run.
 */
export async function resolveRun(...paths: readonly [string, ...string[]]): Promise<string> {
  const usual = paths.filter((path) => path === "latest" || RUN_ID.test(path)).map((path) =>
    join(DEFAULT_FOLDER, path)
  );
  for (const path of [...paths, ...usual]) {
    const found = await runAt(path);
    if (found !== undefined) return found;
  }
  const [path] = paths;
  const folders = [
    ...paths.map((path) => dirname(path)),
    ...paths.some((path) => dirname(path) === ".") ? [DEFAULT_FOLDER] : [],
  ];
  if (RUN_ID.test(basename(path)) && await exists(path)) {
    const message = `The run in "${path}" has no run.json: it was killed before it began, and cannot be resumed. ` +
      "Remove the folder, and train again";
    throw inputError("run", message);
  }
  const newest = await Promise.all(folders.map(newestRun));
  const known = newest.find((directory) => directory !== undefined);
  const hint = known ? `the newest is ${known}` : `there is none in "${dirname(path)}"; train one`;
  throw inputError("run", `There is no run in "${path}": ${hint}`);
}

/** Returns the directory of the run at `path`, or undefined if there is none. */
async function runAt(path: string): Promise<string | undefined> {
  // A link of an earlier version may lead anywhere.
  if (await exists(join(path, "run.json"))) return path;
  if (basename(path) !== "latest") return undefined;
  const runsDir = dirname(path);
  const named = await latestRun(runsDir);
  if (named !== undefined && await exists(join(runsDir, named, "run.json"))) return join(runsDir, named);
  return await newestRun(runsDir);
}

/** Returns the directory of the newest run in `runsDir`. A run that was killed before it began has only a folder. */
async function newestRun(runsDir: string): Promise<string | undefined> {
  for (const id of await listRuns(runsDir)) {
    const directory = join(runsDir, id);
    if (await exists(join(directory, "run.json"))) return directory;
  }
  return undefined;
}

async function exists(path: string): Promise<boolean> {
  return await unlessMissing(() => stat(path)) !== undefined;
}
