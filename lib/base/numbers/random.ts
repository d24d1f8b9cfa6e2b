/**
 * Generates every random number of a run: Threefry-2x32 with 20 rounds, a counter-based generator (Salmon et al.,
 * "Parallel random numbers: as easy as 1, 2, 3", SC 2011). A value is a pure function of (seed, stream, index): there is
 * no position to save, and any worker may draw any part in any order.
 */

import { cos, ln } from "./elementary.ts";

/** Names the uses of random numbers. Streams of one seed are independent; results depend on their ids, so never reuse one. */
export const Stream = {
  weights: 1,
  trainingData: 2,
  heldOutData: 3,
  dropout: 4,
  chaos: 5,
  order: 6,
  split: 7,
  baseline: 8,
  folds: 9,
  tuning: 10,
  replay: 11,
} as const;
export type Stream = typeof Stream[keyof typeof Stream];

const KEY_PARITY = 0x1BD11BDA;
/**
 * One Threefry-2x32-20 block: writes two 32-bit words to `out[0]` and `out[1]`. `key` and `counter` words are taken modulo
 * 2^32. Its five groups of four rounds are written out: drawing batches is part of every step.
 */
export function threefry2x32(key0: number, key1: number, counter0: number, counter1: number, out: Uint32Array): void {
  const k0 = key0 | 0;
  const k1 = key1 | 0;
  const k2 = KEY_PARITY ^ k0 ^ k1;
  let x0 = (counter0 + k0) | 0;
  let x1 = (counter1 + k1) | 0;

  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
  x0 = (x0 + k1) | 0;
  x1 = (x1 + k2 + 1) | 0;

  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0;
  x0 = (x0 + k2) | 0;
  x1 = (x1 + k0 + 2) | 0;

  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
  x0 = (x0 + k0) | 0;
  x1 = (x1 + k1 + 3) | 0;

  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0;
  x0 = (x0 + k1) | 0;
  x1 = (x1 + k2 + 4) | 0;

  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
  x0 = (x0 + x1) | 0;
  x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
  x0 = (x0 + k2) | 0;
  x1 = (x1 + k0 + 5) | 0;

  out[0] = x0;
  out[1] = x1;
}

/**
 * Draws the numbers of one (seed, stream): `seek(index)` chooses an item, and the following calls draw its numbers in
 * order. Items are independent; an item has 2^32 blocks.
 */
export class Random {
  readonly #seed: number;
  readonly #stream: number;
  readonly #block = new Uint32Array(2);
  #index = 0;
  #drawn = 0;
  /** The number of the block in `#block`; -1 for none. */
  #blockNumber = -1;

  /** `seed`: an integer from 0 to 2^32 - 1. */
  constructor(seed: number, stream: Stream) {
    this.#seed = seed;
    this.#stream = stream;
  }

  /** Starts the numbers of item `index`, a whole number from 0 to 2^52. */
  seek(index: number): this {
    this.#index = index;
    this.#drawn = 0;
    this.#blockNumber = -1;
    return this;
  }

  /** Draws the next 32 bits, as a whole number from 0 to 2^32 - 1. */
  bits(): number {
    return this.wordAt(this.#drawn++);
  }

  /** Returns the item's `position`-th 32 bits, from 0, independent of earlier calls: word `position & 1` of block `position >> 1`. */
  wordAt(position: number): number {
    const block = Math.floor(position / 2);
    if (block !== this.#blockNumber) {
      const high = Math.floor(this.#index / 2 ** 32);
      // The high bits of the index share a word with the block number: 2^20 items of 2^32 by 2^12 blocks.
      threefry2x32(this.#seed, this.#stream, this.#index, (high << 12) ^ block, this.#block);
      this.#blockNumber = block;
    }
    return this.#block[position & 1]!;
  }

  /** Draws uniformly from [0, 1), a multiple of 2^-32. */
  uniform(): number {
    return this.bits() * 2 ** -32;
  }

  /** Draws a uniform whole number from 0 to `bound - 1`; the bias is below `bound / 2^32`. */
  below(bound: number): number {
    return Math.floor(this.bits() * 2 ** -32 * bound);
  }

  /** Shuffles `values` by Fisher and Yates's method. Draws a number for each of them except the first. */
  shuffle(values: Uint32Array): void {
    for (let last = values.length - 1; last > 0; last--) {
      const other = this.below(last + 1);
      const value = values[last]!;
      values[last] = values[other]!;
      values[other] = value;
    }
  }

  /** Draws from the standard normal distribution, by the Box-Muller transform (two draws per value). */
  normal(): number {
    const radius = Math.sqrt(-2 * ln((this.bits() + 1) * 2 ** -32));
    return radius * cos(2 * Math.PI * this.uniform());
  }
}
