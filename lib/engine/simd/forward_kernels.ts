/**
 * Compiles the kernels of predictions and binds them to a memory that one thread has for itself. They run in every engine
 * with vectors of 128 bits, always with the same bits.
 */

import exactBytes from "../../../kernels/forward_exact.wasm" with { type: "bytes" };
import forwardBytes from "../../../kernels/forward.wasm" with { type: "bytes" };
import productsBytes from "../../../kernels/forward_products.wasm" with { type: "bytes" };
import { bindForwardStructs, type KernelExports, type SimdKernels } from "./bindings.gen.ts";
import { exactProducts, fusesMultiplyAdds } from "./exact.ts";

/** The kernels as modules: with fast products, or those for engines without structs or fused multiply-adds. */
export type ForwardModules =
  | { readonly forward: WebAssembly.Module; readonly products: WebAssembly.Module }
  | { readonly exact: WebAssembly.Module };

let compiled: Promise<ForwardModules> | undefined;

/** Compiles, once, the kernels that suit this engine. */
export function compileForward(): Promise<ForwardModules> {
  return compiled ??= compileFor();
}

async function compileFor(): Promise<ForwardModules> {
  if (WebAssembly.validate(forwardBytes) && WebAssembly.validate(productsBytes)) {
    const [forward, products] = await Promise.all([
      WebAssembly.compile(forwardBytes),
      WebAssembly.compile(productsBytes),
    ]);
    if (fusesMultiplyAdds(forward)) return { forward, products };
  }
  return await compileExact();
}

/** Compiles the kernels for engines without structs or fused multiply-adds. */
export async function compileExact(): Promise<ForwardModules> {
  return { exact: await WebAssembly.compile(exactBytes) };
}

/**
 * Binds the kernels of predictions to `memory`. They use the STRUCT_BYTES at the byte offset `at`. The other kernels are
 * missing, so that a call of one throws a TypeError: the list of all would be a large part of an export.
 */
export function bindForward(modules: ForwardModules, memory: WebAssembly.Memory, at: number): SimdKernels {
  const kernels: object = { ...instantiate(modules, memory) };
  checkKernels<KernelExports>(kernels);
  const bound: object = bindForwardStructs(kernels, memory.buffer, at);
  checkKernels<SimdKernels>(bound);
  return bound;
}

function instantiate(modules: ForwardModules, memory: WebAssembly.Memory): WebAssembly.Exports {
  const env = { memory };
  if ("exact" in modules) {
    return new WebAssembly.Instance(modules.exact, { env, products: exactProducts() }).exports;
  }
  const { exports: products } = new WebAssembly.Instance(modules.products, { env });
  return new WebAssembly.Instance(modules.forward, { env, products }).exports;
}

function checkKernels<Kernels extends KernelExports | SimdKernels>(kernels: object): asserts kernels is Kernels {
  if (!("gemm" in kernels) || typeof kernels.gemm !== "function") {
    throw new TypeError("The modules have no kernels of predictions");
  }
}
