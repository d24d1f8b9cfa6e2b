import { createHash } from "node:crypto";
import lockstep from "../../kernels/lockstep.wasm" with { type: "bytes" };
import products from "../../kernels/products.wasm" with { type: "bytes" };
import type { KernelModules } from "./simd_kernels.ts";

/** The kernels, compiled. Each thread compiles its own: that takes milliseconds, and nothing has to be sent. */
export function kernelModules(): KernelModules {
  return { lockstep: new WebAssembly.Module(lockstep), products: new WebAssembly.Module(products) };
}

/** SHA-256, in hex, of the kernels' binaries: of what is computed with, whatever the version says. */
export function kernelsDigest(): string {
  return createHash("sha256").update(lockstep).update(products).digest("hex");
}
