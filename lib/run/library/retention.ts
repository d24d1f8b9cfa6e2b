/** Removes runs: one that a client no longer needs, or all except the newest. */
import { existsSync } from "node:fs";
import { lstat, rm, unlink } from "node:fs/promises";
import { join } from "node:path";
import { DamagedFile, InputError } from "../../base/errors.ts";
import type { FileLock } from "../../platform/file_lock.ts";
import { EXAMPLES } from "../examples/example_file.ts";
import { latestRun, listRuns } from "../files/directory.ts";
import { cannotWrite, isMissing } from "../files/files.ts";
import { lockFile } from "../files/lock.ts";
import type { Removal } from "../types.ts";

/** Removes the run in `directory` with all its files, or the link in its place, unless a process trains or serves it. */
export async function removeRun(directory: string): Promise<Removal> {
  const locks: FileLock[] = [];
  try {
    for (const file of LOCKED) {
      const lock = await lockOf(join(directory, file));
      if (lock === "busy") return "busy";
      if (lock) locks.push(lock);
    }
    if (!(await lstat(directory)).isDirectory()) {
      // Only the link is removed: its target, such as an archive, may belong to another program.
      await unlink(directory);
      return "removed";
    }
    // It comes first: without it, a partly removed directory is no longer a run.
    await rm(join(directory, "run.json"), { force: true });
    await rm(directory, { recursive: true, force: true });
    return "removed";
  } catch (error) {
    if (cannotWrite(error)) return "kept";
    throw error;
  } finally {
    for (const lock of locks) lock.close();
  }
}

/** The files that a process locks: the first while it trains a run, the second while it serves one. */
const LOCKED = ["events.jsonl", "run.json"] as const;

/** Locks a file. Returns undefined if the file is missing. */
async function lockOf(path: string): Promise<FileLock | "busy" | undefined> {
  try {
    return await lockFile(path);
  } catch (error) {
    if (error instanceof InputError) return "busy";
    // No process trains or serves a run without this file.
    if (isMissing(error) || error instanceof DamagedFile) return undefined;
    throw error;
  }
}

/** A run with this empty file was trained on examples: a server that is started again answers with it, and continues it. */
export const RETRAINED = "retrained";

/**
 * Removes all runs in `runsDir` except the `count` newest, those of `kept`, the one that `latest` names, and those that a
 * process trains or serves, or that have examples of people or were trained on some. A `count` of 0 removes none. Returns the ids of the removed runs.
 */
export async function keepRuns(runsDir: string, count: number, kept: readonly string[]): Promise<string[]> {
  if (count === 0) return [];
  const latest = await latestRun(runsDir);
  const gone: string[] = [];
  for (const id of (await listRuns(runsDir)).slice(count)) {
    const hasExamples = [EXAMPLES, RETRAINED].some((file) => existsSync(join(runsDir, id, file)));
    if (id === latest || kept.includes(id) || hasExamples) continue;
    if (await removeRun(join(runsDir, id)) === "removed") gone.push(id);
  }
  return gone;
}
