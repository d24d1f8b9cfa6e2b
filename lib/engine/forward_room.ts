/** Gives one thread the forward pass of a model, with its own memory. */
import type { Batch } from "../data/batches/batch.ts";
import type { ParameterLayout } from "../model/layout.ts";
import type { ModelSpec } from "../model/spec.ts";
import type { Engine } from "./contract.ts";
import { Room } from "./room.ts";
import { SimdForward } from "./simd/forward.ts";
import { bindForward, type ForwardModules } from "./simd/forward_kernels.ts";
import { simdScratch, simdScratchBytes } from "./simd/memory/scratch.ts";
import type { Sums } from "./simd/work_sharing.ts";

/** An engine that predicts, with the weights and the batch that it reads. */
export interface PredictionRoom {
  readonly engine: Pick<Engine, "hold" | "predict">;
  /** `[layout.size]` */
  readonly weights: Float32Array;
  readonly batch: Batch;
}

interface ForwardRoomOptions {
  readonly spec: ModelSpec;
  readonly layout: ParameterLayout;
  readonly maxBatch: number;
  readonly maxLength: number;
  readonly maxVectors: number;
}

const noGradients = (): never => {
  throw new TypeError("A forward pass has no gradients");
};
const NO_SUMS: Sums = {
  buffer: 0,
  products: noGradients,
  byToken: noGradients,
  endChunk: noGradients,
  finish: noGradients,
};

/** Throws a RangeError if the engine has not as much memory. */
export function createForwardRoom(modules: ForwardModules, options: ForwardRoomOptions): PredictionRoom {
  const { spec, layout, maxBatch, maxLength, maxVectors } = options;
  const scratch = simdScratchBytes(spec, maxBatch, maxLength, maxVectors);
  const size = { scratch, floats: layout.size, batches: 1, maxBatch, maxLength, maxVectors };
  const room = new Room(size, (pages) => new WebAssembly.Memory({ initial: pages, maximum: pages }));
  const at = simdScratch(spec, maxBatch, maxLength, 0, maxVectors);
  const engine = new SimdForward({ ...options, ...room }, bindForward(modules, room.memory, at.struct), at, NO_SUMS);
  return { engine, weights: room.floats(layout.size), batch: room.batch(maxBatch, maxLength) };
}
