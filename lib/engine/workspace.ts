/** Creates an engine with its own memory, for code outside a run: predictions, tests, benchmarks. */
import { type Batch, batchWords, createBatch } from "../data/batches/batch.ts";
import type { Engine, EngineOptions } from "./contract.ts";
import { createEngine, engineScratchBytes } from "./create_engine.ts";
import { PAGE_BYTES, wholeLines } from "./regions.ts";

interface Workspace {
  readonly engine: Engine;
  /** Allocates a vector that the engine accepts: so many zeros, or a copy of `elements`. */
  floats(elements: number | Float32Array): Float32Array;
  /** Allocates a batch that the engine accepts, of at most `size` sequences of at most `length` tokens, with room for its vectors. */
  batch(size: number, length: number): Batch;
}

/** Sets the size of a workspace, without the engine's scratch. */
interface WorkspaceRoom {
  /** Counts the elements of all vectors together, each rounded up to a multiple of 16. */
  readonly floats: number;
  /** Counts the batches of the engine's largest size. */
  readonly batches: number;
}

/** Creates a workspace. Its vectors and batches throw a RangeError when no room is left. */
export async function createWorkspace(options: EngineOptions, room: WorkspaceRoom): Promise<Workspace> {
  const scratch = { byteOffset: 0, byteLength: engineScratchBytes(options) };
  const batchBytes = wholeLines(batchWords(options.maxBatch, options.maxLength, options.maxVectors) * 4);
  const bytes = wholeLines(scratch.byteLength) + wholeLines(room.floats * 4) + room.batches * batchBytes;
  // The size is fixed: memory that grows gets another buffer, and older views stay on the old one.
  const pages = Math.max(1, Math.ceil(bytes / PAGE_BYTES));
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  let next = wholeLines(scratch.byteLength);
  const allocate = (size: number): number => {
    const byteOffset = next;
    next += wholeLines(size);
    if (next > memory.buffer.byteLength) throw new RangeError(`The workspace has no room for ${size} more bytes`);
    return byteOffset;
  };
  return {
    engine: await createEngine(options, { memory, scratch }),
    floats(elements) {
      const length = typeof elements === "number" ? elements : elements.length;
      const values = new Float32Array(memory.buffer, allocate(length * 4), length);
      if (typeof elements !== "number") values.set(elements);
      return values;
    },
    batch(size, length) {
      const words = batchWords(size, length, options.maxVectors);
      const room = new Int32Array(memory.buffer, allocate(words * 4), words);
      return createBatch(size, length, room, options.maxVectors);
    },
  };
}
