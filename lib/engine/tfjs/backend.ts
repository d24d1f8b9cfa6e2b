import type { Tfjs } from "../../model/layers_model.ts";
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
  // First of all cpu: tfjs would probe for WebGL otherwise, noisily and in vain.
  let started = await tf.setBackend("cpu");
  if (backend === "wasm") {
    const { startWasm } = await import("./wasm.ts");
    started = await startWasm(tf).catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : JSON.stringify(cause);
      throw new Error(`The tfjs backend "${backend}" did not start: ${reason}`, { cause });
    });
  }
  if (!started) throw new Error(`The tfjs backend "${backend}" did not start`);
  registerScatterAdd(tf, backend);
  return tf;
}
