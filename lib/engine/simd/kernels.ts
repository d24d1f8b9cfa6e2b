/** Compiles the kernels and binds them to a memory. */
import { createHash } from "node:crypto";
import exact from "../../../kernels/exact.wasm" with { type: "bytes" };
import forward from "../../../kernels/forward.wasm" with { type: "bytes" };
import lockstep from "../../../kernels/lockstep.wasm" with { type: "bytes" };
import products from "../../../kernels/products.wasm" with { type: "bytes" };
import type { NativeLibrary } from "../contract.ts";
import { bindStructs, type KernelExports, KERNELS, type SimdKernels } from "./bindings.gen.ts";
import { exactProducts, fusesMultiplyAdds } from "./exact.ts";
import { bindNative } from "./native/bind.ts";
import { openLibrary } from "./native/library.ts";

/** The kernels as modules: with fast products, or the exact ones. */
type Modules =
  | { readonly lockstep: WebAssembly.Module; readonly products: WebAssembly.Module }
  | { readonly exact: WebAssembly.Module };

let compiled: Modules | undefined;

/**
 * Binds the kernels to `memory`. They use the STRUCT_BYTES at the byte offset `at`. The kernels that `native` has are native,
 * the others WebAssembly, with the same bits. Throws an UnfitLibrary if `native` does not fit.
 */
export function bindKernels(memory: WebAssembly.Memory, at: number, native?: NativeLibrary): SimdKernels {
  const exports = wasmExports(memory);
  return native ? bindNative(openLibrary(native), exports, memory, at) : bindStructs(exports, memory.buffer, at);
}

/**
 * Instantiates the WebAssembly kernels over `memory`, with their own room for operands. Each thread compiles the modules
 * once, which takes milliseconds and saves sending them.
 */
export function wasmExports(
  memory: WebAssembly.Memory,
  modules: Modules = compiled ??= hasFastKernels() ? compileFast() : compileExact(),
): KernelExports {
  const env = { memory };
  const { exports } = "exact" in modules
    ? new WebAssembly.Instance(modules.exact, { env, products: exactProducts() })
    : new WebAssembly.Instance(modules.lockstep, {
      env,
      products: new WebAssembly.Instance(modules.products, { env }).exports,
    });
  checkExports(exports);
  return exports;
}

function compileFast(): Modules {
  return { lockstep: new WebAssembly.Module(lockstep), products: new WebAssembly.Module(products) };
}

/** Compiles the kernels for engines without structs or fused multiply-adds. */
export function compileExact(): Modules {
  return { exact: new WebAssembly.Module(exact) };
}

/** Returns whether this engine on this processor runs the fast kernels with the right bits. */
export function hasFastKernels(): boolean {
  return WebAssembly.validate(products) && WebAssembly.validate(forward) &&
    fusesMultiplyAdds(new WebAssembly.Module(forward));
}

/** Throws a TypeError unless the module exports what the bindings call. */
export function checkExports(exports: WebAssembly.Exports): asserts exports is WebAssembly.Exports & KernelExports {
  for (const [name, { parameters }] of Object.entries(KERNELS)) {
    const kernel = exports[name], arity = Object.keys(parameters).length;
    if (typeof kernel !== "function") throw new TypeError(`The kernels have no ${name}: run \`deno task kernels\``);
    if (kernel.length !== arity) {
      throw new TypeError(
        `The kernel ${name} takes ${kernel.length} numbers: expected ${arity}; run \`deno task kernels\``,
      );
    }
  }
}

/** Returns the SHA-256, in hex, of the kernels' binaries, which identifies the arithmetic. */
export function kernelsDigest(): string {
  return createHash("sha256").update(lockstep).update(products).digest("hex");
}
