/** Allocates typed arrays in a shared WebAssembly memory, for code that needs its arguments there. */
export class SharedVectors {
  readonly memory: WebAssembly.Memory;
  #next = 64;

  constructor(bytes: number) {
    this.memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65536) + 1, maximum: 65536, shared: true });
  }

  /** Returns the byte offset of `bytes` unused bytes, a multiple of 64. */
  allocate(bytes: number): number {
    const byteOffset = this.#next;
    this.#next = Math.ceil((byteOffset + bytes) / 64) * 64;
    if (this.#next > this.memory.buffer.byteLength) throw new RangeError(`No room for ${bytes} bytes`);
    return byteOffset;
  }

  floats(values: number | ArrayLike<number>): Float32Array {
    const length = typeof values === "number" ? values : values.length;
    const array = new Float32Array(this.memory.buffer, this.allocate(4 * length), length);
    if (typeof values !== "number") array.set(values);
    return array;
  }

  ints(length: number): Int32Array {
    return new Int32Array(this.memory.buffer, this.allocate(4 * length), length);
  }
}
