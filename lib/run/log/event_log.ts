/**
 * Writes and reads a run's append-only event log, `events.jsonl`: one writer, any number of readers. Appending never waits
 * for the disk. The newest events stay in memory, so that readers near the end never read the file.
 */
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { createInterface } from "node:readline";
import { checkFile, FILE_MODE, openFile } from "../files/files.ts";
import type { FileLock } from "../../platform/file_lock.ts";
import { lockFile } from "../files/lock.ts";
import { BATCH, history } from "./log_history.ts";
import { LogIndex, parseEvent } from "./log_index.ts";
import { eventSchema, isLast, type NewEvent, type RunEvent } from "../../base/events.ts";

/** Counts the events in memory: some minutes of progress. */
const TAIL = 1024;

/** A live reader that misses more events than these gets only the newest progress event. */
const MOST_BEHIND = 256;

export class EventLog {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #lock: FileLock;
  #count = 0;
  #ended = false;
  /** The newest events, the last of them with id `#count`. */
  #tail: RunEvent[] = [];
  #unwritten: string[] = [];
  /** The bytes still to be written. */
  #rest = new Uint8Array(0);
  /** Bytes in the file, which is where `#rest` follows. */
  #size = 0;
  #writing: Promise<void> | undefined;
  #failure: unknown;
  #changed = Promise.withResolvers<void>();
  /** Finds events in the file, for readers that are far behind. */
  #index: LogIndex | undefined;

  private constructor(path: string, file: FileHandle, lock: FileLock) {
    this.path = path;
    this.#file = file;
    this.#lock = lock;
  }

  /** Creates a log; `path` must not exist. */
  static async create(path: string): Promise<EventLog> {
    const file = await open(path, "ax", FILE_MODE);
    return new EventLog(path, file, await lockFile(path));
  }

  /**
   * Opens the log of a run that is resumed, and truncates the part of a line that a killed process left. Throws a RangeError
   * if its last whole line is no event, and an InputError if another process writes to it.
   */
  static async open(path: string): Promise<EventLog> {
    const lock = await lockFile(path);
    let file: FileHandle | undefined;
    try {
      file = await open(path, "a");
      const { lines, end } = await lastLines(path);
      const last = lines.length > 0 ? parseEvent(lines.at(-1)!) : undefined;
      if (!last && end > 0) throw new RangeError(`Cannot read "${path}": its last line is no event`);
      await file.truncate(end);
      const log = new EventLog(path, file, lock);
      log.#count = last?.id ?? 0;
      log.#size = end;
      return log;
    } catch (error) {
      await file?.close();
      lock.close();
      throw error;
    }
  }

  /** Counts the events. This is also the id of the newest event. */
  get count(): number {
    return this.#count;
  }

  /** The error of the last write, if it failed. Its events stay in memory, and the next append retries them. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Gives `event` its id and time, wakes the readers, and starts to write it. */
  append(event: NewEvent): RunEvent {
    const stamped = eventSchema.parse({ id: this.#count + 1, at: new Date().toISOString(), ...event });
    this.#count = stamped.id;
    this.#tail.push(stamped);
    // Events leave memory only after they are in the file.
    if (this.#tail.length > 2 * TAIL && !this.#writing && this.#failure === undefined) {
      this.#tail = this.#tail.slice(-TAIL);
    }
    this.#unwritten.push(`${JSON.stringify(stamped)}\n`);
    this.#writing ??= this.#write();
    if (isLast(stamped)) this.#ended = true;
    this.#wake();
    return stamped;
  }

  /** Yields the events after id `after`, in order: history, then live, until the run's last event or `signal`. */
  async *read(after: number, signal: AbortSignal): AsyncGenerator<RunEvent, void, void> {
    for await (const batch of this.batches(after, signal, true)) {
      for (const event of batch) {
        yield event;
        if (signal.aborted) return;
      }
    }
  }

  /**
   * Yields the same events as `read`, in batches of the available ones. Unless `whole`, a long history is sampled, and a
   * reader that cannot keep up gets only the newest progress event.
   */
  async *batches(
    after: number,
    signal: AbortSignal,
    whole = false,
  ): AsyncGenerator<readonly RunEvent[], void, void> {
    const wake = () => this.#wake();
    signal.addEventListener("abort", wake);
    try {
      let last = after;
      let hadAll = false;
      while (!signal.aborted) {
        const missing = this.#count - last;
        if (missing <= 0) {
          if (this.#ended) return;
          hadAll = true;
          await this.#changed.promise;
          continue;
        }
        const behind = !whole && hadAll && missing > MOST_BEHIND;
        if (missing <= this.#tail.length) {
          const batch = this.#tail.slice(-missing).slice(0, behind ? missing : BATCH);
          last = batch.at(-1)!.id;
          yield behind ? newestProgress(batch) : batch;
          continue;
        }
        const index = this.#index ??= new LogIndex(this.path);
        await index.refresh();
        if (index.count <= last) throw new RangeError(`Cannot read "${this.path}": event ${last + 1} is not in it`);
        const reached = index.count;
        for await (const batch of history(index, last, whole ? "all" : behind ? "newestProgress" : "sample")) {
          last = batch.at(-1)!.id;
          yield batch;
          if (signal.aborted) return;
        }
        last = reached;
      }
    } finally {
      signal.removeEventListener("abort", wake);
    }
  }

  /** Resolves when all appended events are in the file. Throws if they cannot be written. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
    if (this.#failure !== undefined) await (this.#writing = this.#write());
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Writes the remaining events and closes the file. Readers that are behind continue; those at the end are done. */
  async close(): Promise<void> {
    this.#ended = true;
    try {
      await this.flush();
      await this.#file.sync();
    } finally {
      await this.#file.close();
      this.#lock.close();
      this.#wake();
    }
  }

  async #write(): Promise<void> {
    try {
      // Events that are appended before the next microtask go out in one write.
      await Promise.resolve();
      // A disk that was nearly full took a part of the bytes of a failed write.
      if (this.#failure !== undefined) await this.#file.truncate(this.#size);
      while (this.#rest.length > 0 || this.#unwritten.length > 0) {
        if (this.#rest.length === 0) this.#rest = new TextEncoder().encode(this.#unwritten.splice(0).join(""));
        const { bytesWritten } = await this.#file.write(this.#rest);
        this.#rest = this.#rest.subarray(bytesWritten);
        this.#size += bytesWritten;
      }
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error;
    } finally {
      this.#writing = undefined;
    }
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/**
 * Reads the events in a log file after id `after`, without an incomplete last line, which a killed process leaves. Throws a
 * RangeError that names file and line if another line is no event.
 */
export async function* readEvents(path: string, after: number): AsyncGenerator<RunEvent, void, void> {
  await checkFile(path);
  const input = createReadStream(path, "utf8");
  let number = 0;
  let damaged: string | undefined;
  try {
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      if (damaged !== undefined) throw new RangeError(damaged);
      number++;
      if (number <= after) continue;
      const event = parseEvent(line);
      // A last line may be damaged: wait for the next line before throwing.
      if (event?.id === number) yield event;
      else damaged = `Cannot read "${path}": line ${number} is not event ${number}`;
    }
  } finally {
    input.destroy();
  }
}

/** Reads all events of run `id`. Throws a RangeError as `readEvents` does, and if an event is of another run. */
export async function* readRunEvents(path: string, id: string): AsyncGenerator<RunEvent, void, void> {
  for await (const event of readEvents(path, 0)) {
    const run = event.type === "started" ? event.run : event.type === "finished" ? event.summary.run : id;
    if (run === id) yield event;
    else throw new RangeError(`Cannot read "${path}": line ${event.id} is of run ${run}, expected run ${id}`);
  }
}

const NEWLINE = 10;

/** More bytes than two of the largest events have. */
const END_BYTES = 65_536;

/** Reads some of the last whole lines, and the byte where they end. The first line may be incomplete. */
async function lastLines(path: string): Promise<{ readonly lines: readonly string[]; readonly end: number }> {
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    const bytes = new Uint8Array(Math.min(size, END_BYTES));
    await file.read(bytes, 0, bytes.length, size - bytes.length);
    const length = bytes.lastIndexOf(NEWLINE) + 1;
    const lines = new TextDecoder().decode(bytes.subarray(0, length)).split("\n").slice(0, -1);
    return { lines, end: size - bytes.length + length };
  } finally {
    await file.close();
  }
}

/** Reads the last whole event in a log file, from its end. */
export async function lastEvent(path: string): Promise<RunEvent | undefined> {
  const { lines } = await lastLines(path);
  for (const line of lines.toReversed()) {
    const event = parseEvent(line);
    if (event) return event;
  }
  return undefined;
}

/** Returns `batch` without older progress events. */
function newestProgress(batch: readonly RunEvent[]): readonly RunEvent[] {
  const newest = batch.findLast(({ type }) => type === "progress");
  return batch.filter((event) => event.type !== "progress" || event === newest);
}
