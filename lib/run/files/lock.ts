/** Locks files of a run: one process trains it at a time, and no process removes it while it is trained or served. */
import { inputError } from "../../base/errors.ts";
import { checkFile } from "./files.ts";

export interface Lock {
  /** Releases the lock. The system does so too when the process ends in any way. */
  close(): void;
}

/** Locks the file at `path` for reading, so that no process removes it. Several processes can share this lock. */
export async function shareFile(path: string): Promise<Lock> {
  await checkFile(path);
  const file = await Deno.open(path, { read: true });
  await file.lock(false);
  return file;
}

/** Locks the file at `path`. Throws an InputError if another process has locked it, and a DamagedFile if it is no file. */
export async function lockFile(path: string): Promise<Lock> {
  await checkFile(path);
  const file = await Deno.open(path, { read: true });
  if (await file.tryLock(true)) return file;
  file.close();
  const message = `"${path}" is in use: this run is being trained by another process`;
  throw inputError("run", message);
}
