import { grown } from "../../base/growing_arrays.ts";

/**
 * Numbers millions of distinct strings: a hash table with open addressing, whose strings lie one after another in one
 * array of UTF-16 units. A lookup creates no string. (A `Map` of strings is several times slower here, and each of its
 * keys may keep the text alive that it was cut from.)
 */
export class Interner {
  /** Per slot: entry + 1, or 0 for none, then the hash of the entry. The number of slots is a power of two. */
  #slots = new Int32Array(2 * 1024);
  #mask = 1023;
  #size = 0;
  #hashes = new Int32Array(512);
  #units = new Uint16Array(4096);
  /** Position of the units of each entry, and the end of the last. */
  #starts = new Uint32Array(513);

  /** Number of distinct strings. They are numbered from 0 in the order in which they were added. */
  get size(): number {
    return this.#size;
  }

  /** Returns the number of the string with the units `start` to `end - 1`; -1 if it was never added. */
  find(units: Uint16Array, start: number, end: number): number {
    const slot = this.#slot(units, start, end, hashOf(units, start, end));
    return this.#slots[2 * slot]! - 1;
  }

  /** Returns the number of the string with the units `start` to `end - 1`, and adds a new one. */
  add(units: Uint16Array, start: number, end: number): number {
    const hash = hashOf(units, start, end);
    const slot = this.#slot(units, start, end, hash);
    const known = this.#slots[2 * slot]!;
    return known > 0 ? known - 1 : this.#insert(units, start, end, hash, slot);
  }

  /** Returns the string of `entry`. */
  text(entry: number): string {
    return textOf(this.#units, this.#starts[entry]!, this.#starts[entry + 1]!);
  }

  /** Calls `use` with the units of `entry`: those from `start` to `end - 1`. */
  read(entry: number, use: (units: Uint16Array, start: number, end: number) => void): void {
    use(this.#units, this.#starts[entry]!, this.#starts[entry + 1]!);
  }

  /** Returns the slot of the string, or the empty slot where it belongs. */
  #slot(units: Uint16Array, start: number, end: number, hash: number): number {
    const slots = this.#slots;
    for (let slot = hash & this.#mask;; slot = (slot + 1) & this.#mask) {
      const entry = slots[2 * slot]!;
      if (entry === 0 || (slots[2 * slot + 1] === hash && this.#equals(entry - 1, units, start, end))) return slot;
    }
  }

  #equals(entry: number, units: Uint16Array, start: number, end: number): boolean {
    const from = this.#starts[entry]!;
    if (this.#starts[entry + 1]! - from !== end - start) return false;
    const own = this.#units;
    for (let i = start, j = from; i < end; i++, j++) if (own[j] !== units[i]) return false;
    return true;
  }

  #insert(units: Uint16Array, start: number, end: number, hash: number, slot: number): number {
    const entry = this.#size++;
    const from = this.#starts[entry]!;
    const to = from + end - start;
    if (to > this.#units.length) this.#units = grown(this.#units, to);
    for (let i = start, j = from; i < end; i++, j++) this.#units[j] = units[i]!;
    if (entry + 1 >= this.#starts.length) this.#starts = grown(this.#starts, entry + 2);
    this.#starts[entry + 1] = to;
    if (entry >= this.#hashes.length) this.#hashes = grown(this.#hashes, entry + 1);
    this.#hashes[entry] = hash;
    this.#slots[2 * slot] = entry + 1;
    this.#slots[2 * slot + 1] = hash;
    if (2 * this.#size > this.#mask) this.#rehash();
    return entry;
  }

  /** Doubles the slots, so that at most half of them are in use. */
  #rehash(): void {
    this.#mask = 2 * this.#mask + 1;
    this.#slots = new Int32Array(2 * (this.#mask + 1));
    for (let entry = 0; entry < this.#size; entry++) {
      const hash = this.#hashes[entry]!;
      let slot = hash & this.#mask;
      while (this.#slots[2 * slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#slots[2 * slot] = entry + 1;
      this.#slots[2 * slot + 1] = hash;
    }
  }
}

/** Returns the UTF-16 units of `text`, in `into` if they fit. */
export function unitsOf(
  text: string,
  into: Uint16Array<ArrayBuffer> = new Uint16Array(text.length),
): Uint16Array<ArrayBuffer> {
  const units = text.length <= into.length ? into : grown(into, text.length);
  for (let i = 0; i < text.length; i++) units[i] = text.charCodeAt(i);
  return units;
}

/** Returns the string with the units `start` to `end - 1`. */
export function textOf(units: Uint16Array, start: number, end: number): string {
  // Calls have a limited number of arguments.
  const most = 4096;
  let text = "";
  for (let first = start; first < end; first += most) {
    text += String.fromCharCode(...units.subarray(first, Math.min(end, first + most)));
  }
  return text;
}

/** Computes FNV-1a over UTF-16 units, and mixes its high bits into the low ones that select a slot. */
function hashOf(units: Uint16Array, start: number, end: number): number {
  let hash = 0x811C9DC5 | 0;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ units[i]!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2C1B3C6D);
  return hash ^ (hash >>> 13);
}
