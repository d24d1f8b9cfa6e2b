/**
 * Locks files among processes. The system releases a lock when its process ends in any way.
 *
 * Deno locks the file itself. Node and Bun have no call for that, but they have SQLite, whose locks of a database are locks
 * of the system: a file gets an empty database beside it, `FILE.lock`. So Deno does not see their locks, nor they its own.
 */
import { existsSync } from "node:fs";
import process from "node:process";
import { runtime } from "./runtime.ts";

export interface FileLock {
  close(): void;
}

/** Locks the file at `path` for this process only. Resolves to undefined if another lock holds it. */
export async function lockExclusive(path: string): Promise<FileLock | undefined> {
  if (runtime !== "deno") return lockDatabase(path, "BEGIN EXCLUSIVE");
  const file = await Deno.open(path, { read: true });
  if (await file.tryLock(true)) return file;
  file.close();
  return undefined;
}

/** Tells whether another process has locked the file at `path` for itself. Writes nothing. */
export async function isLocked(path: string): Promise<boolean> {
  if (runtime !== "deno") {
    if (!existsSync(`${path}.lock`)) return false;
    const lock = lockDatabase(path, SHARED);
    lock?.close();
    return lock === undefined;
  }
  const file = await Deno.open(path, { read: true });
  try {
    return !await file.tryLock(false);
  } finally {
    file.close();
  }
}

/** Begins a transaction that only reads. */
const SHARED = "BEGIN; SELECT count(*) FROM sqlite_schema";

/** Pause between two attempts to get a lock that another process holds for a moment. */
const PAUSE_MS = 50;

/** Waits until no process has an exclusive lock of the file at `path`, and locks it, so that none gets one. */
export async function lockShared(path: string): Promise<FileLock> {
  if (runtime === "deno") {
    const file = await Deno.open(path, { read: true });
    await file.lock(false);
    return file;
  }
  for (;;) {
    const lock = lockDatabase(path, SHARED);
    if (lock) return lock;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** Results of SQLite. */
const [BUSY, CANNOT_OPEN] = [5, 14];

/** Locks by a transaction that `begin` opens. Returns undefined if another one forbids it. */
function lockDatabase(path: string, begin: string): FileLock | undefined {
  const { DatabaseSync } = withoutWarning(() => process.getBuiltinModule("node:sqlite"));
  try {
    const database = new DatabaseSync(`${path}.lock`);
    try {
      database.exec(begin);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    const result = error instanceof Error && "errcode" in error ? error.errcode : undefined;
    if (result === BUSY) return undefined;
    // Nothing can be written beside the file, so no process trains or removes it.
    if (result === CANNOT_OPEN) return { close: () => {} };
    throw error;
  }
}

/** Calls `load` without the warning of Node 22 that SQLite is experimental. */
function withoutWarning<Result>(load: () => Result): Result {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}
