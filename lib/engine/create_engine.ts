import { inputError } from "../base/errors.ts";
import type { TrainingConfig } from "../config/schema.ts";
import type { TaskModel } from "../model/task_model.ts";
import type { ThreadPermissions } from "../platform/permissions.ts";
import { adamConstants } from "./adam.ts";
import type { Engine, EngineOptions, EngineRoom, NativeLibrary } from "./contract.ts";
import { simdScratchBytes } from "./simd/memory/scratch.ts";

/** Returns the options of `config`'s engine for its model. */
export function engineOptions(
  { engine, backend, adamEpsilon, weightDecay, dropout, seed, embeddingRows, vectorsRate }: TrainingConfig,
  { spec, layout, dataset }: Pick<TaskModel, "spec" | "layout"> & Partial<Pick<TaskModel, "dataset">>,
  maxBatch: number,
  maxLength: number,
  { maxVectors = 0, firstVector, native }: {
    readonly maxVectors?: number;
    readonly firstVector?: number | undefined;
    readonly native?: NativeLibrary | undefined;
  } = {},
): EngineOptions {
  const slowRows = firstVector === undefined
    ? undefined
    : { first: firstVector, end: spec.vocabulary, rate: vectorsRate };
  return {
    engine,
    backend,
    spec,
    layout,
    adam: adamConstants(adamEpsilon, weightDecay, slowRows),
    dropout: { rate: dropout, seed },
    classWeights: dataset?.classWeights,
    embeddingRows,
    maxBatch,
    maxLength,
    maxVectors,
    ...engine === "simd" && { native },
  };
}

/** Returns the full name of the engine, with its backend or its kernels: `tfjs/wasm`, `simd/wasm`, `simd/avx512`. */
export function engineName(
  { engine, backend }: Pick<TrainingConfig, "engine" | "backend">,
  native: NativeLibrary | undefined,
): string {
  return `${engine}/${engine === "tfjs" ? backend : native?.set ?? "wasm"}`;
}

/** Returns how many bytes of scratch the engine needs. */
export function engineScratchBytes(
  { engine, spec, maxBatch, maxLength, maxVectors }: Pick<
    EngineOptions,
    "engine" | "spec" | "maxBatch" | "maxLength" | "maxVectors"
  >,
): number {
  return engine === "simd" ? simdScratchBytes(spec, maxBatch, maxLength, maxVectors) : 0;
}

/** Throws an InputError if a package of `engine` is not installed: the package for npm comes without those of tfjs. */
export function checkInstalled({ engine }: Pick<TrainingConfig, "engine">): void {
  if (engine !== "tfjs") return;
  try {
    import.meta.resolve("@tensorflow/tfjs");
    import.meta.resolve("@tensorflow/tfjs-backend-wasm");
  } catch {
    const packages = "@tensorflow/tfjs @tensorflow/tfjs-backend-wasm";
    throw inputError("engine", `engine is tfjs, which is not installed: npm install ${packages}`);
  }
}

/**
 * Creates the engine that `options` name, in `room`, and loads no other. Throws the errors of that engine, and an InputError
 * if it is not installed.
 */
export async function createEngine(options: EngineOptions, room: EngineRoom): Promise<Engine> {
  checkInstalled(options);
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

/** Returns the permissions of a thread with an engine: none, or to load its native kernels. */
export function threadPermissions(native: NativeLibrary | undefined): ThreadPermissions {
  return native ? { ffi: [native.path] } : "none";
}
