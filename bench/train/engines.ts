/** Lists the measured engines: a new one needs only an entry here. */
import type { KernelChoice } from "../../lib/config/kernels.ts";
import type { TrainingConfig } from "../../lib/config/schema.ts";
import type { NativeLibrary } from "../../lib/engine/contract.ts";
import { engineName } from "../../lib/engine/create_engine.ts";
import { chooseKernels } from "../../lib/engine/simd/native/library.ts";

export interface BenchEngine {
  /** Its name in tables and for `--engines`. */
  readonly name: string;
  /** The keys of the config that select it. */
  readonly config: Partial<TrainingConfig>;
  /** Its native kernels, if it has any. */
  readonly native?: NativeLibrary | undefined;
  /** Is true if others are compared with it. */
  readonly baseline: boolean;
}

export const ENGINES: readonly BenchEngine[] = [
  { name: "simd", config: { engine: "simd" }, baseline: false },
  { name: "tfjs/wasm", config: { engine: "tfjs", backend: "wasm" }, baseline: true },
  { name: "tfjs/cpu", config: { engine: "tfjs", backend: "cpu" }, baseline: true },
];

/** The engine simd with some kernels. */
export interface SimdEngine {
  /** Its full name, such as `simd/avx512`. */
  readonly name: string;
  readonly choice: KernelChoice;
  readonly native: NativeLibrary | undefined;
}

/** Returns the engine simd with each choice of kernels. Throws an UnfitLibrary for native kernels that cannot be used. */
export function simdEngines(choices: readonly KernelChoice[]): SimdEngine[] {
  return choices.map((choice) => {
    const native = chooseKernels(choice).library;
    return { choice, native, name: engineName({ engine: "simd", backend: "wasm" }, native) };
  });
}

/** Returns `engines` with the engine simd once for each of `kernels`. */
export function withKernels(engines: readonly BenchEngine[], kernels: readonly SimdEngine[]): BenchEngine[] {
  return engines.flatMap((engine) =>
    engine.config.engine === "simd" ? kernels.map(({ name, native }) => ({ ...engine, name, native })) : [engine]
  );
}
