import type { TrainingConfig } from "../config/schema.ts";
import type { ParameterLayout } from "../model/layout.ts";
import type { ModelSpec } from "../model/spec.ts";
import type { TaskModel } from "../model/task_model.ts";
import { type AdamConstants, adamConstants } from "./adam.ts";
import type { EmbeddingRows, Engine, Helpers } from "./contract.ts";
import type { DropoutOptions } from "./dropout.ts";
import { simdScratchBytes } from "./simd/memory/scratch.ts";
import type { TfjsBackend } from "./tfjs/backend.ts";

export type EngineName = "simd" | "tfjs";

/** Which engine, and for what. */
export interface EngineOptions {
  readonly engine: EngineName;
  /** What tfjs computes with; others have no choice. */
  readonly backend: TfjsBackend;
  readonly spec: ModelSpec;
  /** `parameterLayout(spec)`. */
  readonly layout: ParameterLayout;
  readonly adam: AdamConstants;
  /** What `gradients` drops; nothing if left out. */
  readonly dropout?: DropoutOptions;
  /** `[classes]`: what a row of each class counts in the loss of `gradients`; all alike if left out. */
  readonly classWeights?: Float32Array | undefined;
  /** Which rows of the embedding `gradients` writes; `dense` if left out. */
  readonly embeddingRows?: EmbeddingRows;
  /** Most sequences and tokens of a batch. */
  readonly maxBatch: number;
  readonly maxLength: number;
}

/** The options of `config`'s engine for its model. */
export function engineOptions(
  { engine, backend, adamEpsilon, weightDecay, dropout, seed, embeddingRows }: TrainingConfig,
  { spec, layout, dataset }: Pick<TaskModel, "spec" | "layout"> & Partial<Pick<TaskModel, "dataset">>,
  maxBatch: number,
  maxLength: number,
): EngineOptions {
  return {
    engine,
    backend,
    spec,
    layout,
    adam: adamConstants(adamEpsilon, weightDecay),
    dropout: { rate: dropout, seed },
    classWeights: dataset?.classWeights,
    embeddingRows,
    maxBatch,
    maxLength,
  };
}

/** Shared memory that holds every array an engine is given, and a part of it that is the engine's own. */
export interface EngineRoom {
  readonly memory: WebAssembly.Memory;
  /** At least `engineScratchBytes(...)` bytes, at a multiple of 64. */
  readonly scratch: { readonly byteOffset: number; readonly byteLength: number };
  /** The scratch of other engines with the same options in this memory, which this one can help. */
  readonly others?: readonly { readonly byteOffset: number }[];
  /** Their threads. */
  readonly helpers?: Helpers;
}

/** Bytes of scratch that the engine works in. */
export function engineScratchBytes(options: Pick<EngineOptions, "engine" | "spec" | "maxBatch" | "maxLength">): number {
  return options.engine === "simd" ? simdScratchBytes(options.spec, options.maxBatch, options.maxLength) : 0;
}

/** The engine that `options` name, working in `room`. Loads only that one. Throws what that one throws. */
export async function createEngine(options: EngineOptions, room: EngineRoom): Promise<Engine> {
  switch (options.engine) {
    case "simd": {
      const { createSimdEngine } = await import("./simd/engine.ts");
      return createSimdEngine({ ...options, ...room });
    }
    case "tfjs": {
      const { createTfjsEngine } = await import("./tfjs/engine.ts");
      return await createTfjsEngine(options);
    }
  }
}
