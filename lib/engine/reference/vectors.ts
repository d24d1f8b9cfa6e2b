/** Makes a batch's vectors from rows of the embedding in plain TypeScript, with the bits of the kernels. */
import type { VectorRows } from "../../data/batches/batch.ts";
import { composeVector } from "../../model/word_vectors.ts";

/** Returns the vectors, `[count, width]`, of rows of `embedding`, `[rows, width]`. */
export function composeVectors(
  embedding: Float32Array,
  width: number,
  { count, offsets, rows }: VectorRows,
): Float32Array {
  const made = new Float32Array(count * width);
  for (let vector = 0; vector < count; vector++) {
    const own = rows.subarray(offsets[vector], offsets[vector + 1]);
    composeVector(embedding, width, own, made.subarray(vector * width, (vector + 1) * width));
  }
  return made;
}

/** Adds the `gradients` of the vectors, `[count, width]`, to those of their rows, `[rows, width]`. */
export function spreadGradients(
  gradients: Float32Array,
  width: number,
  { count, offsets, rows }: VectorRows,
  into: Float32Array,
): void {
  for (let vector = 0; vector < count; vector++) {
    const first = offsets[vector]!, end = offsets[vector + 1]!;
    const share = Math.fround(1 / (end - first - 1));
    for (let at = first; at < end; at++) {
      for (let i = 0; i < width; i++) {
        const gradient = gradients[vector * width + i]!;
        into[rows[at]! * width + i]! += at === first ? gradient : Math.fround(gradient * share);
      }
    }
  }
}
