import wasm from "../../kernels/lockstep.wasm" with { type: "bytes" };

/** The kernels, compiled. Each thread compiles its own: that takes milliseconds, and nothing has to be sent. */
export function simdModule(): WebAssembly.Module {
  return new WebAssembly.Module(wasm);
}
