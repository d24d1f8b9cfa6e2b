/**
 * Finds the position and the kind of each event in a log file. It scans the bytes once without parsing them, and later
 * scans only new bytes. A log of a million events opens in a moment, at any event.
 */
import type { FileHandle } from "node:fs/promises";
import { eventSchema, type RunEvent } from "../../base/events.ts";
import { openFile } from "../files/files.ts";

/** Kinds of events that a sample treats differently. */
export const Kind = { other: 0, progress: 1, epoch: 2, checkpoint: 3 } as const;
export type Kind = typeof Kind[keyof typeof Kind];

const CHUNK_BYTES = 1 << 20;
const NEWLINE = 10;
const QUOTE = 34;
const MOST_READS = 64;

export class LogIndex {
  readonly path: string;
  /** The byte where the line of each event begins, and at last the byte where the last line ends. */
  #offsets = new Float64Array(1024);
  #kinds = new Uint8Array(1024);
  #count = 0;
  #refreshing: Promise<void> | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** Counts the whole lines that were found. This is also the id of the newest event in the file. */
  get count(): number {
    return this.#count;
  }

  /** Returns the kind of event `id`. */
  kind(id: number): Kind {
    return this.#kinds[id - 1] as Kind;
  }

  /** Scans the new bytes of the file. Throws the error of opening it. */
  refresh(): Promise<void> {
    return this.#refreshing ??= this.#scanFile().finally(() => this.#refreshing = undefined);
  }

  /** Reads the events `ids`, in ascending order. Throws a RangeError that names file and line if a line is no event. */
  async read(ids: readonly number[]): Promise<RunEvent[]> {
    const file = await openFile(this.path);
    try {
      const ranges = rangesOf(ids);
      const events: RunEvent[][] = [];
      for (let first = 0; first < ranges.length; first += MOST_READS) {
        events.push(
          ...await Promise.all(ranges.slice(first, first + MOST_READS).map((range) => this.#readRange(file, range))),
        );
      }
      return events.flat();
    } finally {
      await file.close();
    }
  }

  async #readRange(file: FileHandle, [from, to]: readonly [from: number, to: number]): Promise<RunEvent[]> {
    const begin = this.#offsets[from - 1]!;
    const bytes = await readAt(file, begin, this.#offsets[to]! - begin);
    const lines = new TextDecoder().decode(bytes).split("\n");
    return Array.from({ length: to - from + 1 }, (_, index) => {
      const event = parseEvent(lines[index]!);
      if (event?.id === from + index) return event;
      throw new RangeError(`Cannot read "${this.path}": line ${from + index} is not event ${from + index}`);
    });
  }

  async #scanFile(): Promise<void> {
    const file = await openFile(this.path);
    try {
      const { size } = await file.stat();
      // A smaller file is another file.
      if (size < this.#offsets[this.#count]!) this.#count = 0;
      let position = this.#offsets[this.#count]!;
      let chunk = new Uint8Array(Math.min(CHUNK_BYTES, size - position));
      while (position < size) {
        const bytes = await readAt(file, position, Math.min(chunk.length, size - position), chunk);
        const used = this.#scan(bytes, position);
        position += used;
        if (bytes.length === 0 || (used === 0 && position + bytes.length >= size)) return;
        // The line is longer than a chunk.
        if (used === 0) chunk = new Uint8Array(2 * chunk.length);
      }
    } finally {
      await file.close();
    }
  }

  /** Notes the whole lines in `bytes`, which are at `position` in the file. Returns how many bytes they have. */
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

/** The types of events with a kind of their own, as bytes with the quote after them. A sample keeps all other events. */
const TYPES = ([["progress", Kind.progress], ["epoch", Kind.epoch], ["checkpoint", Kind.checkpoint]] as const)
  .map(([type, kind]) => ({ bytes: new TextEncoder().encode(`${type satisfies RunEvent["type"]}"`), kind }));

/** Returns the kind of the event in the line at `begin`, by its type: `{"id":41,"at":"…","type":"progress"`. */
function kindOf(bytes: Uint8Array, begin: number): Kind {
  let at = begin + `{"id":1`.length;
  while (bytes[at]! >= 48 && bytes[at]! <= 57) at++;
  at = bytes.indexOf(QUOTE, at + `,"at":"`.length) + `","type":"`.length;
  const found = TYPES.find((type) => type.bytes.every((byte, index) => bytes[at + index] === byte));
  return found?.kind ?? Kind.other;
}

/** Returns the ranges of consecutive numbers in `ids`, which are ascending. */
function rangesOf(ids: readonly number[]): (readonly [from: number, to: number])[] {
  const ranges: [number, number][] = [];
  for (const id of ids) {
    const last = ranges.at(-1);
    if (last && last[1] === id - 1) last[1] = id;
    else ranges.push([id, id]);
  }
  return ranges;
}

/** Parses a line of a log. Returns undefined if it is no event. */
export function parseEvent(line: string): RunEvent | undefined {
  try {
    return eventSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
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
