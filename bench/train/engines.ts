/** Lists the measured engines: a new one needs only an entry here. */
import type { TrainingConfig } from "../../lib/config/schema.ts";

export interface BenchEngine {
  /** Its name in tables and for `--engines`. */
  readonly name: string;
  /** The keys of the config that select it. */
  readonly config: Partial<TrainingConfig>;
  /** Is true if others are compared with it. */
  readonly baseline: boolean;
}

export const ENGINES: readonly BenchEngine[] = [
  { name: "simd", config: { engine: "simd" }, baseline: false },
  { name: "tfjs/wasm", config: { engine: "tfjs", backend: "wasm" }, baseline: true },
  { name: "tfjs/cpu", config: { engine: "tfjs", backend: "cpu" }, baseline: true },
];
