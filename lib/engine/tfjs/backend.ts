import type { Tfjs } from "../../model/formats/layers_model.ts";
import { registerScatterAdd } from "./scatter.ts";

export const TFJS_BACKENDS = ["cpu", "wasm"] as const;
export type TfjsBackend = typeof TFJS_BACKENDS[number];

/**
 * Loads tfjs and makes `backend` the one of this thread. Throws a RangeError if tfjs has no backend of that name here,
 * and an Error that names it if it does not start.
 */
export async function loadTfjs(backend: TfjsBackend): Promise<Tfjs> {
  if (!TFJS_BACKENDS.includes(backend)) {
    throw new RangeError(`tfjs has no backend "${backend}": expected one of ${TFJS_BACKENDS.join(", ")}`);
  }
  const tf = await import("@tensorflow/tfjs");
  tf.enableProdMode();
  // The cpu backend comes first, because tfjs would otherwise probe for WebGL, noisily and in vain.
  let started = await tf.setBackend("cpu");
  if (backend === "wasm") {
    started = await startWasm(tf).catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : JSON.stringify(cause);
      throw new Error(`The tfjs backend "${backend}" did not start: ${reason}`, { cause });
    });
  }
  if (!started) throw new Error(`The tfjs backend "${backend}" did not start`);
  registerScatterAdd(tf, backend);
  return tf;
}

/**
 * Starts the backend `wasm` from the binary that is part of the program, so that it needs no permission. It has one thread:
 * the threads of a run are the run's own.
 */
export async function startWasm(tf: Tfjs): Promise<boolean> {
  const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
  const { default: binary } = await import("@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm", {
    with: { type: "bytes" },
  });
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  const url = URL.createObjectURL(new Blob([binary], { type: "application/wasm" }));
  try {
    // A map, because tfjs takes a string for a folder and appends the file's name.
    setWasmPaths({
      "tfjs-backend-wasm.wasm": url,
      "tfjs-backend-wasm-simd.wasm": url,
      "tfjs-backend-wasm-threaded-simd.wasm": url,
    }, true);
    return await tf.setBackend("wasm");
  } finally {
    URL.revokeObjectURL(url);
  }
}
