import { release } from "../../base/growing_arrays.ts";

/**
 * Bytes of the first chunk, and most bytes of a later one. Chunks grow with the store, because the allocator returns
 * blocks of more than 32 MiB to the system, and may keep smaller ones.
 */
const FIRST_CHUNK = 1 << 20;
const LARGEST_CHUNK = 1 << 26;
/** Longest varint of a 32-bit number. */
const VARINT = 5;

/** The facts of a row that are kept beside its tokens. */
interface RowFacts {
  /** Position of its source in the list of sources. */
  source: number;
  line: number;
  /** Classes, numbered in the order in which they occurred: one, unless rows may have several. */
  labels: readonly number[];
  /** Number of tokens of the row; fewer may be kept. */
  length: number;
  /** Position of the first row with the same tokens: the row itself if it is the first. */
  first: number;
}

/** A row during a scan. All rows share one object, so copy what you keep. */
export interface StoredRow extends Readonly<RowFacts> {
  readonly row: number;
  /** Number of tokens that are kept. */
  readonly count: number;
  /** Provisional ids; only the first `count` belong to the row. */
  readonly tokens: Uint32Array;
}

/** Stores encoded rows, written and read in order, as numbers of 7 bits a byte: about 2 bytes a token. */
export class RowStore {
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [];
  readonly #ends: number[] = [];
  #chunk = new Uint8Array(0);
  #at = 0;
  #rows = 0;
  #longest = 0;
  #last = { source: -1, line: 0 };

  get rows(): number {
    return this.#rows;
  }

  /** Bytes that the rows take. */
  get bytes(): number {
    return this.#ends.reduce((sum, end) => sum + end, 0);
  }

  /** Adds a row with the tokens `ids[start]` to `ids[start + count - 1]`. */
  add(facts: Readonly<RowFacts>, ids: Uint32Array, start: number, count: number): void {
    const most = (6 + facts.labels.length + count) * VARINT;
    if (this.#at + most > this.#chunk.length) this.#newChunk(most);
    const { source, line } = this.#last;
    this.#write(facts.source);
    this.#write(facts.source === source ? facts.line - line : facts.line);
    this.#write(facts.labels.length);
    for (const label of facts.labels) this.#write(label);
    this.#write(facts.length);
    this.#write(this.#rows - facts.first);
    this.#write(count);
    for (let i = start; i < start + count; i++) this.#write(ids[i]!);
    this.#last = { source: facts.source, line: facts.line };
    this.#longest = Math.max(this.#longest, count);
    this.#rows++;
    this.#ends[this.#chunks.length - 1] = this.#at;
  }

  /** Calls `visit` for every row, in order, with arrays that change. The last scan releases memory on the way, and leaves the store empty. */
  scan(visit: (row: StoredRow) => void, isLast = false): void {
    const tokens = new Uint32Array(this.#longest);
    const labels: number[] = [];
    const row = { row: 0, source: -1, line: 0, labels, length: 0, first: 0, count: 0, tokens };
    for (let index = 0; index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index]!;
      const end = this.#ends[index]!;
      let at = 0;
      const read = () => {
        let byte = chunk[at++]!;
        if (byte < 0x80) return byte;
        let value = byte & 0x7F;
        for (let shift = 7;; shift += 7) {
          byte = chunk[at++]!;
          value |= (byte & 0x7F) << shift;
          if (byte < 0x80) return value >>> 0;
        }
      };
      while (at < end) {
        const source = read();
        const line = read();
        row.line = source === row.source ? row.line + line : line;
        row.source = source;
        labels.length = read();
        for (let i = 0; i < labels.length; i++) labels[i] = read();
        row.length = read();
        row.first = row.row - read();
        row.count = read();
        for (let i = 0; i < row.count; i++) tokens[i] = read();
        visit(row);
        row.row++;
      }
      if (isLast) release(chunk);
    }
    if (!isLast) return;
    this.#chunks.length =
      this.#ends.length =
      this.#at =
      this.#rows =
        0;
    this.#chunk = new Uint8Array(0);
    this.#last = { source: -1, line: 0 };
  }

  #newChunk(least: number): void {
    const size = Math.min(Math.max(this.bytes, FIRST_CHUNK), LARGEST_CHUNK);
    this.#chunk = new Uint8Array(Math.max(size, least));
    this.#chunks.push(this.#chunk);
    this.#at = 0;
  }

  #write(value: number): void {
    while (value > 0x7F) {
      this.#chunk[this.#at++] = (value & 0x7F) | 0x80;
      value >>>= 7;
    }
    this.#chunk[this.#at++] = value;
  }
}
