/** Composes the vectors of words from rows of the embedding: see lib/data/batches/letter_rows.ts. */
import { MOST_ROWS_OF_VECTOR } from "../data/batches/batch.ts";
import { type LetterShape, wordRows } from "../data/batches/letter_rows.ts";
import type { TokenKeys } from "../data/vocabulary/token_keys.ts";
import type { ModelSpec } from "./spec.ts";

/**
 * Writes the vector that is made of `rows` of `embedding`, the first plus the mean of the others, to `into`, `[width]`. It
 * sums in order and rounds each result to float32, as the kernels do. A `sign` of -1 subtracts the mean.
 */
export function composeVector(
  embedding: Float32Array,
  width: number,
  rows: Int32Array,
  into: Float32Array,
  sign: 1 | -1 = 1,
): void {
  const own = rows[0]! * width;
  if (rows.length === 1) {
    into.set(embedding.subarray(own, own + width));
    return;
  }
  const share = sign * Math.fround(1 / (rows.length - 1));
  for (let i = 0; i < width; i++) {
    let sum = 0;
    for (let at = 1; at < rows.length; at++) sum = Math.fround(sum + embedding[rows[at]! * width + i]!);
    into[i] = embedding[own + i]! + Math.fround(sum * share);
  }
}

/** Returns `weights`, or a copy with the vector of each known word in its row if words have letters: see composeWords. */
export function withWordVectors(
  weights: Float32Array,
  spec: ModelSpec,
  known: TokenKeys | undefined,
): Float32Array {
  if (spec.letterRows === 0 || !known) return weights;
  const composed = weights.slice();
  composeWords(composed, spec, known);
  return composed;
}

/**
 * Replaces the row of each known word by its vector, in weights that begin with the embedding. `known` has the keys of the
 * ids. With a `sign` of -1 it does the opposite, up to rounding.
 */
export function composeWords(
  weights: Float32Array,
  { embedding: width, ...shape }: LetterShape & { readonly embedding: number },
  known: TokenKeys,
  sign: 1 | -1 = 1,
): void {
  const rows = new Int32Array(MOST_ROWS_OF_VECTOR);
  for (let id = 0; id < shape.vocabulary; id++) {
    const count = wordRows(shape, id, known, id, rows, 0);
    composeVector(weights, width, rows.subarray(0, count), weights.subarray(id * width, (id + 1) * width), sign);
  }
}
