/** Writes lists of shards' vectors to the scratch memory, as the kernels read them. */
import type { SimdPointers } from "./pointers.ts";
import { MAX_SHARDS, type SimdScratch } from "./scratch.ts";

export class SimdShardLists {
  readonly #pointers: SimdPointers;
  readonly #vectorPointers: Int32Array;
  readonly #stampPointers: Int32Array;
  readonly #coefficients: Float32Array;

  constructor(scratch: SimdScratch, { buffer }: WebAssembly.Memory, pointers: SimdPointers) {
    this.#pointers = pointers;
    this.#vectorPointers = new Int32Array(buffer, scratch.vectorPointers, MAX_SHARDS);
    this.#stampPointers = new Int32Array(buffer, scratch.stampPointers, MAX_SHARDS);
    this.#coefficients = new Float32Array(buffer, scratch.coefficients, MAX_SHARDS);
  }

  /** Lists pointers `shift` bytes into vectors of at least `length` elements, and their weights in a mean. */
  vectors(vectors: readonly Float32Array[], coefficients: Float32Array, length: number, shift: number): void {
    checkCount(vectors);
    for (let i = 0; i < vectors.length; i++) {
      this.#vectorPointers[i] = this.#pointers.of(vectors[i]!, "vectors", length) + shift;
      this.#coefficients[i] = coefficients[i]!;
    }
  }

  /** Lists pointers to the stamps of at least `rows` rows. */
  stamps(stamps: readonly Int32Array[], rows: number): void {
    checkCount(stamps);
    for (let i = 0; i < stamps.length; i++) this.#stampPointers[i] = this.#pointers.of(stamps[i]!, "stamps", rows);
  }
}

function checkCount({ length }: readonly unknown[]): void {
  if (length > MAX_SHARDS) throw new RangeError(`Cannot take ${length} vectors: at most ${MAX_SHARDS}`);
}
