/** Cuts vectors and batches from one memory, behind the scratch of an engine. */
import { type Batch, batchWords, createBatch } from "../data/batches/batch.ts";
import { PAGE_BYTES, wholeLines } from "./regions.ts";

interface RoomSize {
  /** Bytes of the engine's scratch, at the beginning. */
  readonly scratch: number;
  /** Elements of all vectors together, each rounded up to a multiple of 16. */
  readonly floats: number;
  /** Batches of the largest size. */
  readonly batches: number;
  readonly maxBatch: number;
  readonly maxLength: number;
  readonly maxVectors?: number | undefined;
  readonly maxLabels?: number | undefined;
}

/** A memory of a fixed size. What it gives out throws a RangeError when no room is left. */
export class Room {
  readonly memory: WebAssembly.Memory;
  readonly scratch: { readonly byteOffset: number; readonly byteLength: number };
  readonly #maxVectors: number | undefined;
  readonly #maxLabels: number | undefined;
  #next: number;

  constructor(
    { scratch, floats, batches, maxBatch, maxLength, maxVectors, maxLabels }: RoomSize,
    createMemory: (pages: number) => WebAssembly.Memory,
  ) {
    this.#next = wholeLines(scratch);
    this.#maxVectors = maxVectors;
    this.#maxLabels = maxLabels;
    this.scratch = { byteOffset: 0, byteLength: scratch };
    const batchBytes = wholeLines(batchWords(maxBatch, maxLength, maxVectors, maxLabels) * 4);
    const bytes = this.#next + wholeLines(floats * 4) + batches * batchBytes;
    // The size is fixed: memory that grows gets another buffer, and older views stay on the old one.
    this.memory = createMemory(Math.max(1, Math.ceil(bytes / PAGE_BYTES)));
  }

  floats(elements: number): Float32Array {
    return new Float32Array(this.memory.buffer, this.#allocate(elements * 4), elements);
  }

  batch(size: number, length: number): Batch {
    const words = batchWords(size, length, this.#maxVectors, this.#maxLabels);
    const area = new Int32Array(this.memory.buffer, this.#allocate(words * 4), words);
    return createBatch(size, length, area, this.#maxVectors, this.#maxLabels);
  }

  #allocate(size: number): number {
    const byteOffset = this.#next;
    this.#next += wholeLines(size);
    if (this.#next > this.memory.buffer.byteLength) {
      throw new RangeError(`The workspace has no room for ${size} more bytes`);
    }
    return byteOffset;
  }
}
