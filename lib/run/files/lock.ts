/** Locks files of a run: one process trains it at a time, and no process removes it while it is trained or served. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, inputError } from "../../base/errors.ts";
import { type FileLock, isLocked, lockExclusive, lockShared } from "../../platform/file_lock.ts";
import { checkFile, FILE_MODE, unlessMissing } from "./files.ts";

/** Pause between two attempts to get a lock that others hold for a moment, and the most attempts: ten seconds. */
const PAUSE_MS = 20;
const MOST_ATTEMPTS = 500;

/** Locks the file at `path` for reading, so that no process removes it. Several processes can share this lock. */
export async function shareFile(path: string): Promise<FileLock> {
  await checkFile(path);
  return await lockShared(path);
}

/** Tells whether a process trains the run in `directory`. */
export async function isTraining(directory: string): Promise<boolean> {
  const path = join(directory, "events.jsonl");
  return await unlessMissing(async () => {
    await checkFile(path);
    return await isLocked(path);
  }) ?? false;
}

/** Locks the file at `path`. Throws an InputError if another process has locked it, and a DamagedFile if it is no file. */
export async function lockFile(path: string): Promise<FileLock> {
  await checkFile(path);
  const lock = await lockExclusive(path);
  if (lock) return lock;
  const message = `"${path}" is in use: this run is being trained by another process`;
  throw inputError("run", message);
}

/**
 * Locks the empty file at `path`, which it makes if it is missing, as soon as no other process has locked it. Throws an
 * InputError if one does not release it.
 */
export async function lockInTurn(path: string): Promise<FileLock> {
  await writeFile(path, "", { flag: "wx", mode: FILE_MODE }).catch((error) => {
    if (errorCode(error) !== "EEXIST") throw error;
  });
  await checkFile(path);
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const lock = await lockExclusive(path);
    if (lock) return lock;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  throw inputError("run", `"${path}" is in use: another process has locked it for long. Retry, or end that process`);
}
