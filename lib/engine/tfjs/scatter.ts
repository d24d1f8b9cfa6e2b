import type { Tfjs } from "../../model/formats/layers_model.ts";

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

/** Adds up `out[ids[row]] += values[row]` for `values` of `[ids.length, width]`, in row order; skips ids out of range. */
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
