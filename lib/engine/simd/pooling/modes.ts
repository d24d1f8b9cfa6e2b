import type { Pooling } from "../../../model/spec.ts";
import { last } from "./last.ts";
import { max } from "./max.ts";
import { mean } from "./mean.ts";
import type { PoolingMode } from "./mode.ts";

const MODES: Readonly<Record<Pooling, PoolingMode>> = { last, mean, max };

/** How the simd engine pools. */
export function poolingMode(pooling: Pooling): PoolingMode {
  return MODES[pooling];
}
