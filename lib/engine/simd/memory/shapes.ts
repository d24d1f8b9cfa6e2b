/** Defines how the simd engine lays out matrices: padding, strides, and the chunks of a batch. */
import { LSTM_GATES, lstmCells } from "../../../model/layout.ts";
import type { ModelSpec } from "../../../model/spec.ts";
import { LINE_BYTES } from "../../regions.ts";

/** Rounds `columns` up to whole panels. */
export function padded(columns: number): number {
  return Math.ceil(columns / 8) * 8;
}

/** Returns the bytes from row to row of `columns` floats: an odd number of cache lines, so that a column uses many cache sets. */
export function rowStride(columns: number): number {
  return (Math.ceil(columns * 4 / LINE_BYTES) | 1) * LINE_BYTES;
}

/**
 * Returns the bytes from panel to panel of `rows` rows over `length` steps: again an odd number of cache lines, so that the
 * panels of one row do not share one set of a cache.
 */
export function seriesBytes(rows: number, length: number): number {
  return (Math.ceil(rows * length * 32 / LINE_BYTES) | 1) * LINE_BYTES;
}

/** Counts the panels of `columns`. */
export function panelsOf(columns: number): number {
  return padded(columns) / 8;
}

/** Counts the parts of a layer's output: one for each direction. */
export function parts({ bidirectional }: ModelSpec): number {
  return bidirectional ? 2 : 1;
}

/**
 * Limits the bytes of gates, cells and states over time that go through forward and backward together. They are written
 * once and read once, which is cheap within an L2 cache.
 */
const CHUNK_BYTES = 2 ** 20;

/** Limit the rows of a chunk: fewer use tiles badly, more use caches badly. */
const MIN_CHUNK_ROWS = 24, MAX_CHUNK_ROWS = 66;

/** Counts the arrays over time that an LSTM keeps of a chunk: its gates, cells, tanh of the cells, and states. */
const SERIES_OF_CELL = LSTM_GATES + 3;

/** Returns the most rows of a chunk: a multiple of the six rows of a tile. */
function mostChunkRows(spec: ModelSpec, length: number): number {
  const rowBytes = SERIES_OF_CELL * 4 * padded(spec.hidden) * length * lstmCells(spec).length;
  const rows = Math.floor(CHUNK_BYTES / rowBytes / 6) * 6;
  return Math.min(MAX_CHUNK_ROWS, Math.max(MIN_CHUNK_ROWS, rows));
}

/** Returns the rows of each chunk of a batch; the last may have fewer. They depend only on the batch and the model. */
export function chunkRows(spec: ModelSpec, rows: number, length: number): number {
  return Math.ceil(rows / Math.max(1, Math.ceil(rows / mostChunkRows(spec, length))));
}

/** Limits the sizes of a batch and its chunks. */
export interface LargestSizes {
  readonly batch: number;
  /** Counts the tokens of a batch, padding included. */
  readonly positions: number;
  /** Counts the distinct tokens of a batch, and the vectors that are made of rows. */
  readonly distinct: number;
  readonly vectors: number;
  readonly chunkRows: number;
  /** Counts the rows times time steps of a chunk. */
  readonly chunkPositions: number;
}

export function largestSizes(spec: ModelSpec, maxBatch: number, maxLength: number, vectors = 0): LargestSizes {
  const chunkPositions = Array.from(
    { length: maxLength },
    (_, index) => Math.min(maxBatch, mostChunkRows(spec, index + 1)) * (index + 1),
  ).reduce((most, count) => Math.max(most, count), 0);
  return {
    batch: maxBatch,
    positions: maxBatch * maxLength,
    distinct: Math.min(vectors > 0 ? vectors : spec.vocabulary, maxBatch * maxLength),
    vectors,
    chunkRows: Math.min(maxBatch, MAX_CHUNK_ROWS),
    chunkPositions,
  };
}
