/** An engine with memory of its own, for whoever has no run's memory to work in: predictions, tests, benchmarks. */
import { type Batch, batchWords, createBatch } from "../data/batch.ts";
import type { Engine } from "./contract.ts";
import { createEngine, type EngineOptions, engineScratchBytes } from "./create_engine.ts";
import { PAGE_BYTES, wholeLines } from "./regions.ts";

export interface Workspace {
  readonly engine: Engine;
  /** A new vector that the engine can be given: `elements` zeros, or a copy. */
  floats(elements: number | Float32Array): Float32Array;
  /** A new batch that the engine can be given: of at most `size` sequences of at most `length` tokens. */
  batch(size: number, length: number): Batch;
}

/** What the workspace has room for, beside the engine's own. */
export interface WorkspaceRoom {
  /** Elements of all vectors together, each rounded up to a multiple of 16. */
  readonly floats: number;
  /** Batches of the engine's largest size. */
  readonly batches: number;
}

/** An engine, and vectors and batches beside it. They throw a RangeError when there is no room left. */
export async function createWorkspace(options: EngineOptions, room: WorkspaceRoom): Promise<Workspace> {
  const scratch = { byteOffset: 0, byteLength: engineScratchBytes(options) };
  const batchBytes = wholeLines(batchWords(options.maxBatch, options.maxLength) * 4);
  const bytes = wholeLines(scratch.byteLength) + wholeLines(room.floats * 4) + room.batches * batchBytes;
  // Of a fixed size: memory that grows has another buffer afterwards, and older views are on the old one.
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
      const words = batchWords(size, length);
      return createBatch(size, length, new Int32Array(memory.buffer, allocate(words * 4), words));
    },
  };
}
