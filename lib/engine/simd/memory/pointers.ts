/** Turns arrays into the byte offsets that kernels take, and writes lists of them to the scratch memory. */
import type { ParameterLayout } from "../../../model/layout.ts";
import type { Replica } from "../../contract.ts";
import { MAX_SHARDS, type SimdScratch, SOME_ROWS } from "./scratch.ts";

/** Holds the byte offsets of a replica's vectors. */
export interface ReplicaOffsets {
  readonly weights: number;
  readonly m: number;
  readonly v: number;
}

/** Returns byte offsets of views on one memory. Errors name the views. */
export class SimdPointers {
  readonly #buffer: ArrayBufferLike;
  readonly #size: number;

  constructor({ buffer }: WebAssembly.Memory, { size }: ParameterLayout) {
    this.#buffer = buffer;
    this.#size = size;
  }

  /** Throws a TypeError if `values` is not a view on the memory, and a RangeError if it has fewer than `length` elements. */
  of(values: Float32Array | Int32Array, name: string, length: number): number {
    if (values.buffer !== this.#buffer) throw new TypeError(`${name} is not a view on the engine's memory`);
    if (values.length < length) {
      throw new RangeError(`${name} has ${values.length} elements: expected at least ${length}`);
    }
    return values.byteOffset;
  }

  /** Does the same for a flat vector of the whole layout. */
  ofVector(values: Float32Array, name: string): number {
    return this.of(values, name, this.#size);
  }

  ofReplica({ weights, m, v }: Replica, name: string): ReplicaOffsets {
    return {
      weights: this.ofVector(weights, `${name}.weights`),
      m: this.ofVector(m, `${name}.m`),
      v: this.ofVector(v, `${name}.v`),
    };
  }
}

/** Calls `use` with `rows` in place or, if they are not in the memory, with copies of SOME_ROWS at a time at `someRows`. */
export function eachRowList(
  { buffer }: WebAssembly.Memory,
  someRows: number,
  rows: Int32Array,
  use: (at: number, count: number) => void,
): void {
  if (rows.buffer === buffer) return use(rows.byteOffset, rows.length);
  for (let first = 0; first < rows.length; first += SOME_ROWS) {
    const some = rows.subarray(first, first + SOME_ROWS);
    new Int32Array(buffer, someRows, some.length).set(some);
    use(someRows, some.length);
  }
}

/** Writes lists of shards' vectors to the scratch memory, as the kernels read them. */
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

  /** Lists pointers `shift` bytes into vectors of at least `length` elements, and the weights of the vectors. */
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
