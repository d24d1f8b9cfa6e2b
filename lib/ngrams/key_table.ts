/** Numbers distinct 32-bit keys. */

/**
 * A random odd number. Keys come from texts and files, and could be chosen so that all have the same slots; a multiplication
 * by a number that their author cannot know spreads any keys (Dietzfelbinger et al., 1997).
 */
const FACTOR = Math.floor(2 ** 32 * Math.random()) | 1;

/** A hash table with open addressing: a lookup takes nanoseconds, and millions of keys take little memory. */
export class KeyTable {
  /** Per slot: number of its key + 1, or 0 for none. The number of slots is a power of two. */
  #slots = new Uint32Array(1024);
  /** 32 - log2 of the slots. */
  #shift = 22;
  #keys = new Uint32Array(512);
  #size = 0;

  /** Keys are numbered from 0 in the order of `keys`, each of which occurs once. */
  static of(keys: Uint32Array): KeyTable {
    const table = new KeyTable();
    for (const key of keys) table.add(key);
    return table;
  }

  get size(): number {
    return this.#size;
  }

  /** Returns the number of `key`; -1 if it was never added. */
  find(key: number): number {
    return this.#slots[this.#slot(key)]! - 1;
  }

  /** Returns the number of `key`, and adds a new one. */
  add(key: number): number {
    const slot = this.#slot(key);
    const known = this.#slots[slot]!;
    if (known > 0) return known - 1;
    if (this.#size === this.#keys.length) this.#grow();
    this.#keys[this.#size] = key;
    this.#slots[this.#slot(key)] = ++this.#size;
    return this.#size - 1;
  }

  /** Returns the key with `number`. */
  key(number: number): number {
    return this.#keys[number]!;
  }

  /** Returns the slot of `key`, or the empty slot where it belongs. */
  #slot(key: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = Math.imul(key, FACTOR) >>> this.#shift;; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot]!;
      if (entry === 0 || this.#keys[entry - 1] === key) return slot;
    }
  }

  /** Doubles the table, of which at most half is in use. */
  #grow(): void {
    const keys = this.#keys;
    this.#keys = new Uint32Array(2 * keys.length);
    this.#keys.set(keys);
    this.#slots = new Uint32Array(4 * keys.length);
    this.#shift--;
    for (let entry = 0; entry < this.#size; entry++) this.#slots[this.#slot(keys[entry]!)] = entry + 1;
  }
}
