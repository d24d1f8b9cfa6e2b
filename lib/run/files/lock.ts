/** Nobody trains a run twice at once: its event log is locked while a process does. */
import { InputError } from "../../base/errors.ts";
import { checkFile } from "./files.ts";

export interface Lock {
  /** Gives the lock back. The system does so too when the process ends, however it ends. */
  close(): void;
}

/** Says that the file at `path` is being read, so that nobody removes it; others may say so too. */
export async function shareFile(path: string): Promise<Lock> {
  await checkFile(path);
  const file = await Deno.open(path, { read: true });
  await file.lock(false);
  return file;
}

/** Locks the file at `path`. Throws an InputError if another process has it, and a DamagedFile if it is none. */
export async function lockFile(path: string): Promise<Lock> {
  await checkFile(path);
  const file = await Deno.open(path, { read: true });
  if (await file.tryLock(true)) return file;
  file.close();
  const message = `"${path}" is in use: this run is being trained by another process`;
  throw new InputError([{ field: "run", message }]);
}
