/** How the simd engine lays matrices out: what pads and strides are. */
import type { ModelSpec } from "../../../model/spec.ts";

/** A cache line. */
export const LINE_BYTES = 64;

/** `columns` rounded up to whole panels. */
export function padded(columns: number): number {
  return Math.ceil(columns / 8) * 8;
}

/** Bytes from row to row of `columns` floats: an odd number of cache lines, so that a column does not fall into few sets. */
export function rowStride(columns: number): number {
  return (Math.ceil(columns * 4 / LINE_BYTES) | 1) * LINE_BYTES;
}

/**
 * Bytes from panel to panel of `rows` rows over `length` steps: again an odd number of cache lines, so that the panels of
 * one row do not meet in one set of a cache.
 */
export function seriesBytes(rows: number, length: number): number {
  return (Math.ceil(rows * length * 32 / LINE_BYTES) | 1) * LINE_BYTES;
}

/** Panels of `columns`. */
export function panelsOf(columns: number): number {
  return padded(columns) / 8;
}

/** In how many parts a layer's output lies: one for each direction. */
export function parts({ bidirectional }: ModelSpec): number {
  return bidirectional ? 2 : 1;
}
