import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import binary from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm" with { type: "bytes" };
import type { Tfjs } from "../../model/layers_model.ts";

/**
 * Starts the backend `wasm` from the binary that is part of the program, so that it needs no permission. One thread:
 * the threads of a run are the run's own.
 */
export async function startWasm(tf: Tfjs): Promise<boolean> {
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  const url = URL.createObjectURL(new Blob([binary], { type: "application/wasm" }));
  try {
    // A map, as a string would be taken for a folder and the file's name added to it.
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
