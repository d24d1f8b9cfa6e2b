/** Creates an engine with its own memory, for code outside a run: predictions, tests, benchmarks. */
import type { Batch } from "../data/batches/batch.ts";
import type { Engine, EngineOptions } from "./contract.ts";
import { createEngine, engineScratchBytes } from "./create_engine.ts";
import { Room } from "./room.ts";

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
  /** Limits the labels of a row, if it may have several. */
  readonly maxLabels?: number;
}

/** Creates a workspace. Its vectors and batches throw a RangeError when no room is left. */
export async function createWorkspace(options: EngineOptions, room: WorkspaceRoom): Promise<Workspace> {
  const { maxBatch, maxLength, maxVectors } = options;
  const scratch = engineScratchBytes(options);
  const size = { ...room, scratch, maxBatch, maxLength, maxVectors };
  const own = new Room(size, (pages) => new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }));
  return {
    engine: await createEngine(options, own),
    floats(elements) {
      if (typeof elements === "number") return own.floats(elements);
      const values = own.floats(elements.length);
      values.set(elements);
      return values;
    },
    batch: (size, length) => own.batch(size, length),
  };
}
