/**
 * Checks that the addresses of a native kernel's arguments lie in the memory. A WebAssembly kernel traps at the memory's end;
 * a native one would read and write beyond it. So every kernel is called through a function in `checks/`, which computes from
 * the arguments how far the kernel reaches and throws a RangeError if that is outside of the memory. Where a list in the
 * memory numbers rows, the largest number counts. What this does not cover is a list that another thread changes during the
 * call; no thread writes to the scratch memory of another one, except to the offers of shared work.
 */
export class Bounds {
  readonly #bytes: number;
  readonly #words: Uint32Array;
  readonly #numbers: Int32Array;
  /** The byte offset of each staged operand. */
  readonly #operands: number[] = [];

  constructor({ buffer }: WebAssembly.Memory) {
    this.#bytes = buffer.byteLength;
    this.#words = new Uint32Array(buffer);
    this.#numbers = new Int32Array(buffer);
  }

  /** Checks `bytes` bytes from `at`; a count that is not above 0 has none. */
  span(at: number, bytes: number): void {
    if (bytes <= 0) return;
    // NaN fails too.
    if (!(at >= 0 && at + bytes <= this.#bytes)) {
      throw new RangeError(`A kernel would reach ${bytes} bytes from ${at}: the memory has ${this.#bytes}`);
    }
  }

  /** Checks a matrix, described as in kernels/assembly/matrices/gemm.ts. */
  matrix(at: number, stride: number, row: number, rows: number, panels: number): void {
    if (rows <= 0 || panels <= 0) return;
    this.#forward(stride);
    this.#forward(row);
    this.span(at, (panels - 1) * stride + (rows - 1) * row + 32);
  }

  /** Checks `count` pieces of `bytes` bytes that begin `stride` bytes apart. */
  pieces(at: number, stride: number, count: number, bytes: number): void {
    if (count <= 0 || bytes <= 0) return;
    this.#forward(stride);
    this.span(at, (count - 1) * stride + bytes);
  }

  /** Returns how many rows a list of `count` row numbers, int32 `stride` bytes apart, requires: the largest number plus 1. */
  rows(at: number, count: number, stride = 4): number {
    this.pieces(at, stride, count, 4);
    let most = -1;
    for (let i = 0, word = at / 4; i < count; i++, word += stride / 4) {
      const row = this.#numbers[word]!;
      if (!(row >= 0)) throw new RangeError(`A list of rows at ${at} has ${row}: expected a number from 0`);
      if (row > most) most = row;
    }
    return most + 1;
  }

  /** Checks a list of `count` row numbers of a tensor with `height` rows. */
  rowsBelow(at: number, count: number, height: number): void {
    const needed = this.rows(at, count);
    if (needed > height) {
      throw new RangeError(`A list of rows at ${at} has ${needed - 1}: expected at most ${height - 1}`);
    }
  }

  /**
   * Returns how many rows are required by the vectors numbers[0..count) that `composeRows` makes of rows: `rows` lists those of
   * vector n from offsets[n] to offsets[n + 1] - 1, at least one.
   */
  parts(offsets: number, rows: number, numbers: number, count: number): number {
    this.span(offsets, 4 * (this.rows(numbers, count) + 1));
    let needed = 0;
    for (let i = 0; i < count; i++) {
      const place = offsets / 4 + this.#numbers[numbers / 4 + i]!;
      const begin = this.#numbers[place]!, end = this.#numbers[place + 1]!;
      if (!(begin >= 0 && end > begin)) {
        throw new RangeError(`The rows of a vector are listed from ${begin} to ${end}: expected at least one, from 0`);
      }
      needed = Math.max(needed, this.rows(rows + 4 * begin, end - begin));
    }
    return needed;
  }

  /** Checks lists of numbers below `height`, the first of `count` from offsets[0] to offsets[1] - 1 of those at `numbers`. */
  slices(offsets: number, count: number, numbers: number, height: number): void {
    this.span(offsets, 4 * (count + 1));
    for (let i = 0; i < count; i++) {
      const begin = this.#numbers[offsets / 4 + i]!, end = this.#numbers[offsets / 4 + i + 1]!;
      if (!(begin >= 0 && end >= begin)) {
        throw new RangeError(`A list is from ${begin} to ${end}: expected an order from 0`);
      }
      this.rowsBelow(numbers + 4 * begin, end - begin, height);
    }
  }

  /** Checks a list of `count` pointers, each to `bytes` bytes or 0. */
  pointers(at: number, count: number, bytes: number): void {
    this.span(at, 4 * count);
    for (let i = 0; i < count; i++) {
      const pointer = this.#words[at / 4 + i]!;
      if (pointer !== 0) this.span(pointer, bytes);
    }
  }

  /** Keeps the place of an operand. */
  stage(operand: number, from: number, inner: number, panels: number): void {
    this.span(from, 32 * inner * panels);
    this.#operands[operand] = from;
  }

  /** Checks an operand that a kernel uses. */
  operand(operand: number, inner: number, panels: number): void {
    this.span(this.operandAt(operand), 32 * inner * panels);
  }

  /** Returns the byte offset of a staged operand. Throws a RangeError if it was not staged. */
  operandAt(operand: number): number {
    const at = this.#operands[operand];
    if (at === undefined) throw new RangeError(`Operand ${operand} is not staged`);
    return at;
  }

  #forward(stride: number): void {
    if (!(stride >= 0)) throw new RangeError(`A kernel's stride is ${stride}: expected a number from 0`);
  }
}
