/** Allocates the arguments of one call of a kernel, with random contents. */
import { STRUCT_BYTES } from "../../../lib/engine/simd/bindings.gen.ts";
import type { Draw } from "../../draws.ts";

/** The byte offset of the struct of a call. A pointer of 0 means that an argument is not given. */
export const STRUCT_AT = 64;
/** The byte offset of the first allocation. */
const FIRST = STRUCT_AT + 64 * Math.ceil(STRUCT_BYTES / 64);

/** Values that rarely occur and that kernels must handle alike. */
const SPECIAL = [NaN, Infinity, -Infinity, -0, 0, 1e-40, -3e38, 3e38, 1e-20];

export class Room {
  /** The parts of the memory whose contents a kernel may leave as it likes. */
  readonly scratches: { readonly at: number; readonly bytes: number }[] = [];
  /** The byte offsets that were allocated. */
  readonly offsets: number[] = [];
  readonly draw: Draw;
  readonly #buffer: ArrayBufferLike;
  /** The one in so many floats that is special; 0 for none. */
  readonly #special: number;
  #end = FIRST;

  constructor({ buffer }: WebAssembly.Memory, draw: Draw) {
    this.#buffer = buffer;
    this.draw = draw;
    this.#special = [0, 0, 40, 6][draw(4)]!;
  }

  /** The first byte of all allocations. */
  get begin(): number {
    return FIRST;
  }

  /** The first byte after all allocations. */
  get end(): number {
    return this.#end;
  }

  /** Allocates `bytes` bytes at a multiple of 64, as the engine does; they keep what is there. */
  bytes(bytes: number): number {
    const at = this.#end;
    this.#end += 64 * Math.ceil(bytes / 64);
    if (this.#end > this.#buffer.byteLength) throw new RangeError(`The room has no ${bytes} more bytes`);
    this.offsets.push(at);
    return at;
  }

  /** Allocates bytes that are not compared. */
  scratch(bytes: number): number {
    const at = this.bytes(bytes);
    this.scratches.push({ at, bytes });
    return at;
  }

  /** Allocates floats around 0, some of them special in some rooms. */
  floats(count: number, scale = 2): number {
    return this.#fill(count, () => {
      if (this.#special > 0 && this.draw(this.#special) === 0) return SPECIAL[this.draw(SPECIAL.length)]!;
      return scale * (this.draw(2 ** 24) / 2 ** 23 - 1);
    });
  }

  /** Allocates finite floats from `least` to `most`. */
  between(count: number, least: number, most: number): number {
    return this.#fill(count, () => least + (most - least) * this.draw(2 ** 24) / 2 ** 24);
  }

  /** Allocates floats that a function computes. */
  #fill(count: number, value: () => number): number {
    const at = this.bytes(4 * count);
    new Float32Array(this.#buffer, at, Math.max(0, count)).forEach((_, index, values) => values[index] = value());
    return at;
  }

  /** Sets some of `count` floats: `value` returns undefined for those that stay. */
  set(at: number, count: number, value: (index: number) => number | undefined): void {
    const values = new Float32Array(this.#buffer, at, count);
    for (let index = 0; index < count; index++) values[index] = value(index) ?? values[index]!;
  }

  /** Allocates whole numbers below `below`, or those of a list. */
  ints(count: number | readonly number[], below = 1): number {
    const values = typeof count === "number" ? Array.from({ length: count }, () => this.draw(below)) : count;
    const at = this.bytes(4 * values.length);
    new Int32Array(this.#buffer, at, values.length).set(values);
    return at;
  }

  /** Draws a whole number from `least` to `most`. */
  from(least: number, most: number): number {
    return least + this.draw(most - least + 1);
  }

  /** Draws 0 or 1. */
  flag(): number {
    return this.draw(2);
  }
}
