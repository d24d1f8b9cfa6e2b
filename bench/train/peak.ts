/** Measures the peak of one of this machine's cores in WebAssembly. */
import { bindKernels } from "../../lib/engine/simd/kernels.ts";
import { median } from "../measure.ts";

const ITERATIONS = 100_000;
/** Counts the operations of a round of the kernel: 12 vectors of 4 floats, a multiplication and an addition each. */
const FLOPS_PER_ITERATION = 96;
const REPEATS = 15;

/** Returns the GFLOP/s of 128-bit multiply-adds on registers: the median of a few repeats, after a warm-up. */
export function measurePeak(): number {
  const { peak } = bindKernels(new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: true }), 0);
  const seconds = Array.from({ length: 3 * REPEATS }, () => {
    const started = performance.now();
    peak(ITERATIONS);
    return (performance.now() - started) / 1000;
  });
  return FLOPS_PER_ITERATION * ITERATIONS / median(seconds.slice(-REPEATS)) / 1e9;
}
