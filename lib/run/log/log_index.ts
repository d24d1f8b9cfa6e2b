/**
 * Where each event of a log file is: found by one look over its bytes, without reading what they mean, and kept, so that
 * the next look goes on where that one ended. So a log of a million events is opened in a moment, at any event.
 */
import type { FileHandle } from "node:fs/promises";
import type { RunEvent } from "../../base/events.ts";
import { parseEvent } from "./event_line.ts";
import { openFile } from "../files/files.ts";

/** What an event is to whoever has to leave some out. */
export const Kind = { other: 0, progress: 1, epoch: 2, checkpoint: 3 } as const;
export type Kind = typeof Kind[keyof typeof Kind];

const CHUNK_BYTES = 1 << 20;
const NEWLINE = 10;
const QUOTE = 34;
const MOST_READS = 64;

export class LogIndex {
  readonly path: string;
  /** Where the line of each event begins, in bytes; one more says where the last one ends. */
  #offsets = new Float64Array(1024);
  #kinds = new Uint8Array(1024);
  #count = 0;
  #looking: Promise<void> | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** Whole lines that were found, which is the id of the newest event in the file. */
  get count(): number {
    return this.#count;
  }

  /** What event `id` is. */
  kind(id: number): Kind {
    return this.#kinds[id - 1] as Kind;
  }

  /** Looks at what the file has got since the last time. Throws what opening it throws. */
  refresh(): Promise<void> {
    return this.#looking ??= this.#look().finally(() => this.#looking = undefined);
  }

  /**
   * The events `ids`, in ascending order, read from the file. Throws a RangeError that names file and line if one of them
   * is none.
   */
  async read(ids: readonly number[]): Promise<RunEvent[]> {
    const file = await openFile(this.path);
    try {
      const runs = neighbours(ids);
      const events: RunEvent[][] = [];
      for (let first = 0; first < runs.length; first += MOST_READS) {
        events.push(...await Promise.all(runs.slice(first, first + MOST_READS).map((run) => this.#readRun(file, run))));
      }
      return events.flat();
    } finally {
      await file.close();
    }
  }

  async #readRun(file: FileHandle, [from, to]: readonly [from: number, to: number]): Promise<RunEvent[]> {
    const begin = this.#offsets[from - 1]!;
    const bytes = await readAt(file, begin, this.#offsets[to]! - begin);
    const lines = new TextDecoder().decode(bytes).split("\n");
    return Array.from({ length: to - from + 1 }, (_, index) => {
      const event = parseEvent(lines[index]!);
      if (event?.id === from + index) return event;
      throw new RangeError(`Cannot read "${this.path}": line ${from + index} is not event ${from + index}`);
    });
  }

  async #look(): Promise<void> {
    const file = await openFile(this.path);
    try {
      const { size } = await file.stat();
      // Not the file that it was.
      if (size < this.#offsets[this.#count]!) this.#count = 0;
      let position = this.#offsets[this.#count]!;
      let chunk = new Uint8Array(Math.min(CHUNK_BYTES, size - position));
      while (position < size) {
        const bytes = await readAt(file, position, Math.min(chunk.length, size - position), chunk);
        const used = this.#scan(bytes, position);
        position += used;
        if (bytes.length === 0 || (used === 0 && position + bytes.length >= size)) return;
        // A line that is longer than a chunk.
        if (used === 0) chunk = new Uint8Array(2 * chunk.length);
      }
    } finally {
      await file.close();
    }
  }

  /** Notes the whole lines in `bytes`, which are those from `position` on. Returns how many bytes they take. */
  #scan(bytes: Uint8Array, position: number): number {
    let begin = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, begin)) {
      if (this.#count + 2 > this.#offsets.length) this.#grow();
      this.#kinds[this.#count] = kindOf(bytes, begin);
      begin = end + 1;
      this.#offsets[++this.#count] = position + begin;
    }
    return begin;
  }

  #grow(): void {
    const offsets = new Float64Array(2 * this.#offsets.length);
    offsets.set(this.#offsets);
    this.#offsets = offsets;
    const kinds = new Uint8Array(2 * this.#kinds.length);
    kinds.set(this.#kinds);
    this.#kinds = kinds;
  }
}

/** Each type of event by its whole name: the compiler asks what a new one is. */
const KIND_OF: Readonly<Record<RunEvent["type"], Kind>> = {
  started: Kind.other,
  progress: Kind.progress,
  epoch: Kind.epoch,
  checkpoint: Kind.checkpoint,
  rolledBack: Kind.other,
  resumed: Kind.other,
  paused: Kind.other,
  unpaused: Kind.other,
  cluster: Kind.other,
  incident: Kind.other,
  stopping: Kind.other,
  baseline: Kind.other,
  finished: Kind.other,
  failed: Kind.other,
};

/** Those that are told apart, as bytes with the quote behind them. */
const WORDS = Object.entries(KIND_OF).filter(([, kind]) => kind !== Kind.other)
  .map(([type, kind]) => ({ bytes: new TextEncoder().encode(`${type}"`), kind }));

/** Of the line at `begin`, by its type: `{"id":41,"at":"…","type":"progress"`. */
function kindOf(bytes: Uint8Array, begin: number): Kind {
  let at = begin + `{"id":1`.length;
  while (bytes[at]! >= 48 && bytes[at]! <= 57) at++;
  at = bytes.indexOf(QUOTE, at + `,"at":"`.length) + `","type":"`.length;
  for (const word of WORDS) {
    if (word.bytes.every((byte, index) => bytes[at + index] === byte)) return word.kind;
  }
  return Kind.other;
}

/** `ids`, ascending, as stretches of neighbours: first and last of each. */
function neighbours(ids: readonly number[]): (readonly [from: number, to: number])[] {
  const runs: [number, number][] = [];
  for (const id of ids) {
    const last = runs.at(-1);
    if (last && last[1] === id - 1) last[1] = id;
    else runs.push([id, id]);
  }
  return runs;
}

async function readAt(
  file: FileHandle,
  position: number,
  length: number,
  into: Uint8Array = new Uint8Array(length),
): Promise<Uint8Array> {
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(into, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return into.subarray(0, filled);
}
