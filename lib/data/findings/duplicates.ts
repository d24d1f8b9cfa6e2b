import { release } from "../../base/growing_arrays.ts";

/** Most distinct rows that are remembered: about 130 MB. */
const MOST = 1 << 22;

/**
 * Finds rows with the same tokens, by a 64-bit hash of them. (Two of a million different rows have the same hash with a
 * probability below 10^-7.) Memory is bounded: in very large data, only copies of the first four million different rows
 * are found.
 */
export class Duplicates {
  readonly #most: number;
  /** Per slot: two hashes, row + 1 (0 for none) and the label of the row. */
  #slots = new Uint32Array(4 * 1024);
  #mask = 1023;
  #size = 0;

  constructor(most: number = MOST) {
    this.#most = most;
  }

  /** Tells whether all distinct rows so far are remembered. */
  get isWhole(): boolean {
    return this.#size < this.#most;
  }

  /** Returns the first row with the tokens `ids[0]` to `ids[count - 1]`: `row` itself if it is the first. */
  add(ids: Uint32Array, count: number, row: number, label: number): { readonly first: number; readonly label: number } {
    const found = this.find(ids, count);
    if (found) return found;
    if (this.#size < this.#most) {
      this.#insert(this.#hashes[0]!, this.#hashes[1]!, row, label);
      if (2 * this.#size > this.#mask + 1) this.#grow();
    }
    return { first: row, label };
  }

  /** Returns the first row with these tokens; undefined without one. */
  find(ids: Uint32Array, count: number): { readonly first: number; readonly label: number } | undefined {
    this.#hash(ids, count);
    const [a, b] = [this.#hashes[0]!, this.#hashes[1]!];
    const slots = this.#slots;
    for (let slot = a & this.#mask;; slot = (slot + 1) & this.#mask) {
      const row = slots[4 * slot + 2]!;
      if (row === 0) return undefined;
      if (slots[4 * slot] === a && slots[4 * slot + 1] === b) return { first: row - 1, label: slots[4 * slot + 3]! };
    }
  }

  /** Releases the memory when there are no more rows. */
  clear(): void {
    release(this.#slots);
    this.#slots = new Uint32Array(4);
    this.#mask = 0;
  }

  readonly #hashes = new Uint32Array(2);

  /** Computes two murmur-like hashes over the ids. */
  #hash(ids: Uint32Array, count: number): void {
    let a = count | 0;
    let b = ~count;
    for (let i = 0; i < count; i++) {
      const id = ids[i]!;
      a = Math.imul((a ^ id) + 0x7ED55D16, 0x85EBCA6B);
      a ^= a >>> 15;
      b = Math.imul((b + id) ^ (b << 5), 0xC2B2AE35);
      b ^= b >>> 13;
    }
    a = Math.imul(a ^ (a >>> 16), 0x45D9F3B);
    b = Math.imul(b ^ (b >>> 16), 0x27D4EB2F);
    this.#hashes[0] = a ^ (a >>> 16);
    this.#hashes[1] = b ^ (b >>> 15);
  }

  #insert(a: number, b: number, row: number, label: number): void {
    let slot = a & this.#mask;
    while (this.#slots[4 * slot + 2] !== 0) slot = (slot + 1) & this.#mask;
    this.#slots[4 * slot] = a;
    this.#slots[4 * slot + 1] = b;
    this.#slots[4 * slot + 2] = row + 1;
    this.#slots[4 * slot + 3] = label;
    this.#size++;
  }

  #grow(): void {
    const old = this.#slots;
    this.#mask = 2 * this.#mask + 1;
    this.#slots = new Uint32Array(4 * (this.#mask + 1));
    this.#size = 0;
    for (let at = 0; at < old.length; at += 4) {
      if (old[at + 2] !== 0) this.#insert(old[at]!, old[at + 1]!, old[at + 2]! - 1, old[at + 3]!);
    }
    release(old);
  }
}
