import lockstep from "../../kernels/lockstep.wasm" with { type: "bytes" };
import products from "../../kernels/products.wasm" with { type: "bytes" };
import type { KernelModules } from "./simd_kernels.ts";

/** The kernels, compiled. Each thread compiles its own: that takes milliseconds, and nothing has to be sent. */
export function kernelModules(): KernelModules {
  return { lockstep: new WebAssembly.Module(lockstep), products: new WebAssembly.Module(products) };
}
