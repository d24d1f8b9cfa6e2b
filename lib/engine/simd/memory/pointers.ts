/** Turns arrays into the byte offsets that kernels take. */
import type { ParameterLayout } from "../../../model/layout.ts";
import type { Replica } from "../../contract.ts";

/** Byte offsets of a replica's vectors. */
export interface ReplicaOffsets {
  readonly weights: number;
  readonly m: number;
  readonly v: number;
}

/** Returns byte offsets of views on one memory. Errors call the views by the given names. */
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

/** Rows that are copied into the scratch memory at a time. */
export const SOME_ROWS = 1024;

/**
 * Calls `use` with `rows` where they lie or, if that is outside the memory, with copies of SOME_ROWS at a time at
 * `someRows`.
 */
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
