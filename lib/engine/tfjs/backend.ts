/** Loads tfjs with one of its backends. */
import type { TrainingConfig } from "../../config/schema.ts";

/** The module tfjs. It is passed on, so that a program without it does not load it. */
export type Tfjs = typeof import("@tensorflow/tfjs");

type TfjsBackend = TrainingConfig["backend"];
export const TFJS_BACKENDS: readonly TfjsBackend[] = ["cpu", "wasm"];

/**
 * Loads tfjs and sets the backend of this thread. Throws a RangeError if tfjs has no backend of that name here, and an
 * Error that names it if it does not start.
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
 * a run has its own threads.
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

/**
 * Gives `backend` a scatter-add as its `UnsortedSegmentSum`, the kernel behind the gradient of an Embedding. The wasm
 * backend has none, and the cpu backend's takes segments × rows × width operations; this one takes rows × width.
 */
export function registerScatterAdd(tf: Tfjs, backend: string): void {
  const kernelName = "UnsortedSegmentSum";
  if (tf.getKernel(kernelName, backend)) tf.unregisterKernel(kernelName, backend);
  tf.registerKernel({
    kernelName,
    backendName: backend,
    kernelFunc: ({ inputs, attrs }) => {
      const { x, segmentIds } = inputs;
      const segments = attrs?.numSegments;
      if (!x || !segmentIds || typeof segments !== "number") {
        throw new TypeError(`${kernelName} needs x, segmentIds and numSegments`);
      }
      const values = tf.backend().readSync(x.dataId);
      const ids = tf.backend().readSync(segmentIds.dataId);
      if (!(values instanceof Float32Array) || !(ids instanceof Int32Array)) {
        throw new TypeError(`${kernelName} got ${x.dtype} by ${segmentIds.dtype}, expected float32 by int32`);
      }
      const shape = [segments, ...x.shape.slice(segmentIds.shape.length)];
      const sums = scatterAdd(values, ids, segments);
      return { dataId: tf.backend().write(sums, shape, "float32"), shape, dtype: "float32" };
    },
  });
}

/** Sums `out[ids[row]] += values[row]` for `values` of `[ids.length, width]`, in row order; skips ids out of range. */
function scatterAdd(values: Float32Array, ids: Int32Array, segments: number): Float32Array {
  const width = ids.length === 0 ? 0 : values.length / ids.length;
  const sums = new Float32Array(segments * width);
  for (const [row, id] of ids.entries()) {
    if (id < 0 || id >= segments) continue;
    const from = row * width;
    const into = id * width;
    for (let i = 0; i < width; i++) sums[into + i]! += values[from + i]!;
  }
  return sums;
}
