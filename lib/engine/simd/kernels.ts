/** Compiles the kernels and binds them to a memory. */
import { createHash } from "node:crypto";
import lockstep from "../../../kernels/lockstep.wasm" with { type: "bytes" };
import products from "../../../kernels/products.wasm" with { type: "bytes" };
import type { NativeLibrary } from "../contract.ts";
import { bindStructs, type KernelExports, KERNELS, type SimdKernels } from "./bindings.gen.ts";
import { bindNative } from "./native/bind.ts";
import { openLibrary } from "./native/library.ts";

let compiled: { readonly lockstep: WebAssembly.Module; readonly products: WebAssembly.Module } | undefined;

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
export function wasmExports(memory: WebAssembly.Memory): KernelExports {
  compiled ??= { lockstep: new WebAssembly.Module(lockstep), products: new WebAssembly.Module(products) };
  const env = { memory };
  const { exports } = new WebAssembly.Instance(compiled.lockstep, {
    env,
    products: new WebAssembly.Instance(compiled.products, { env }).exports,
  });
  checkExports(exports);
  return exports;
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
