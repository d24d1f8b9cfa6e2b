/** Locks files of a run: one process trains it at a time, and no process removes it while it is trained or served. */
import { join } from "node:path";
import { inputError } from "../../base/errors.ts";
import { type FileLock, isLocked, lockExclusive, lockShared } from "../../platform/file_lock.ts";
import { checkFile, unlessMissing } from "./files.ts";

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
