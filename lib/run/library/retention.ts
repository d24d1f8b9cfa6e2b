/** Runs that go: one that somebody no longer wants, or all but the newest. */
import { lstat, rm, unlink } from "node:fs/promises";
import { join } from "node:path";
import { DamagedFile, InputError } from "../../base/errors.ts";
import { latestRun, listRuns } from "../files/directory.ts";
import { errorCode, isMissing } from "../files/files.ts";
import { type Lock, lockFile } from "../files/lock.ts";
import type { Removal } from "../types.ts";

/** Removes the run in `directory` and all that it wrote, or the link in its place; unless a process trains or serves it. */
export async function removeRun(directory: string): Promise<Removal> {
  const locks: Lock[] = [];
  try {
    for (const file of LOCKED) {
      const lock = await lockOf(join(directory, file));
      if (lock === "busy") return "busy";
      if (lock) locks.push(lock);
    }
    if (!(await lstat(directory)).isDirectory()) {
      // What a link leads to, such as an archive, is not ours to remove.
      await unlink(directory);
      return "removed";
    }
    // It is a run no longer, whatever happens after.
    await rm(join(directory, "run.json"), { force: true });
    await rm(directory, { recursive: true, force: true });
    return "removed";
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable || ["EACCES", "EPERM", "EROFS"].includes(errorCode(error) ?? "")) {
      return "kept";
    }
    throw error;
  } finally {
    for (const lock of locks) lock.close();
  }
}

/** What those hold who train a run, and those who serve it. */
const LOCKED = ["events.jsonl", "run.json"] as const;

/** The lock of a file; nothing without the file. */
async function lockOf(path: string): Promise<Lock | "busy" | undefined> {
  try {
    return await lockFile(path);
  } catch (error) {
    if (error instanceof InputError) return "busy";
    // Nobody trains or serves a run that has something else in its place.
    if (isMissing(error) || error instanceof DamagedFile) return undefined;
    throw error;
  }
}

/**
 * Removes all runs in `runsDir` but the `count` newest, those of `kept`, the one that `latest` names, and those that
 * are being trained. 0: none is removed. Returns the ids of those that are gone.
 */
export async function keepRuns(runsDir: string, count: number, kept: readonly string[]): Promise<string[]> {
  if (count === 0) return [];
  const latest = await latestRun(runsDir);
  const gone: string[] = [];
  for (const id of (await listRuns(runsDir)).slice(count)) {
    if (id === latest || kept.includes(id)) continue;
    if (await removeRun(join(runsDir, id)) === "removed") gone.push(id);
  }
  return gone;
}
