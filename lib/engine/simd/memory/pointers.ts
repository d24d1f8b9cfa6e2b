/** The way from arrays to the byte offsets that kernels take. */
import type { ParameterLayout } from "../../../model/layout.ts";
import type { Replica } from "../../contract.ts";

/** Byte offsets of a replica's vectors. */
export interface ReplicaOffsets {
  readonly weights: number;
  readonly m: number;
  readonly v: number;
}

/** Byte offsets of views on one memory. Errors call the views by the names that are given. */
export class SimdPointers {
  readonly #buffer: ArrayBufferLike;
  readonly #size: number;

  constructor({ buffer }: WebAssembly.Memory, { size }: ParameterLayout) {
    this.#buffer = buffer;
    this.#size = size;
  }

  /** Throws a TypeError if `values` is no view on the memory, and a RangeError if it has not `length` elements. */
  of(values: Float32Array | Int32Array, name: string, length: number): number {
    if (values.buffer !== this.#buffer) throw new TypeError(`${name} is not a view on the engine's memory`);
    if (values.length < length) {
      throw new RangeError(`${name} has ${values.length} elements: expected at least ${length}`);
    }
    return values.byteOffset;
  }

  /** Likewise for a flat vector of the whole layout. */
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
