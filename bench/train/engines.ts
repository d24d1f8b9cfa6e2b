/** The engines that are measured: add one here, and everything else follows. */
import type { TrainingConfig } from "../../lib/config/schema.ts";

export interface BenchEngine {
  /** What it is called in tables and by `--engines`. */
  readonly name: string;
  /** The part of a config that chooses it. */
  readonly config: Partial<TrainingConfig>;
  /** Whether others are compared with it. */
  readonly baseline: boolean;
}

export const ENGINES: readonly BenchEngine[] = [
  { name: "simd", config: { engine: "simd" }, baseline: false },
  { name: "tfjs/wasm", config: { engine: "tfjs", backend: "wasm" }, baseline: true },
  { name: "tfjs/cpu", config: { engine: "tfjs", backend: "cpu" }, baseline: true },
];
