/** How the simd engine lays matrices out: padding, strides, and the chunks that a batch is cut into. */
import { LSTM_GATES, lstmCells } from "../../../model/layout.ts";
import type { ModelSpec } from "../../../model/spec.ts";
import { LINE_BYTES } from "../../regions.ts";

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

/** Number of parts that a layer's output has: one for each direction. */
export function parts({ bidirectional }: ModelSpec): number {
  return bidirectional ? 2 : 1;
}

/**
 * Bytes of gates, cells and states over time that go through forward and backward together. They are written once and read
 * back once; within an L2 cache's size that is cheap.
 */
const CHUNK_BYTES = 2 ** 20;

/** Rows of a chunk: tiles are used badly below the first number, caches above the second. */
const MIN_CHUNK_ROWS = 24, MAX_CHUNK_ROWS = 66;

/** Arrays over time that an LSTM keeps of a chunk: its gates, cells, tanh of the cells, and states. */
const SERIES_OF_CELL = LSTM_GATES + 3;

/** Most rows of a chunk: a multiple of the tiles' six. */
function mostChunkRows(spec: ModelSpec, length: number): number {
  const rowBytes = SERIES_OF_CELL * 4 * padded(spec.hidden) * length * lstmCells(spec).length;
  const rows = Math.floor(CHUNK_BYTES / rowBytes / 6) * 6;
  return Math.min(MAX_CHUNK_ROWS, Math.max(MIN_CHUNK_ROWS, rows));
}

/** Rows of each chunk of a batch; the last may have fewer. They depend on the batch and the model only. */
export function chunkRows(spec: ModelSpec, rows: number, length: number): number {
  return Math.ceil(rows / Math.max(1, Math.ceil(rows / mostChunkRows(spec, length))));
}

/** The largest sizes of a batch and its chunks. */
export interface LargestSizes {
  readonly batch: number;
  /** Tokens of a batch, padding included. */
  readonly positions: number;
  /** Distinct tokens of a batch. */
  readonly distinct: number;
  readonly chunkRows: number;
  /** Rows times time steps of a chunk. */
  readonly chunkPositions: number;
}

export function largestSizes(spec: ModelSpec, maxBatch: number, maxLength: number): LargestSizes {
  const chunkPositions = Array.from(
    { length: maxLength },
    (_, index) => Math.min(maxBatch, mostChunkRows(spec, index + 1)) * (index + 1),
  ).reduce((most, count) => Math.max(most, count), 0);
  return {
    batch: maxBatch,
    positions: maxBatch * maxLength,
    distinct: Math.min(spec.vocabulary, maxBatch * maxLength),
    chunkRows: Math.min(maxBatch, MAX_CHUNK_ROWS),
    chunkPositions,
  };
}
