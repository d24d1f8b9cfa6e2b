/**
 * The map of the simd engine's scratch memory. Matrices there are row-major, [rows][·], of which a row takes `rowStride`; or
 * in panels: eight columns of all rows, [rows][8], each panel after the other; those over time are `seriesBytes` apart. `P` is the panels of one gate, ceil(hidden / 8); `D` the
 * distinct tokens of a batch, `D8` the same rounded up to eight; `R` the rows that go through the LSTMs together (a chunk). What lies above an LSTM gets its
 * state in `parts`, one for each direction, each of `P` panels. See simd_cell_scratch.ts and
 * simd_first_step_scratch.ts for what each LSTM has.
 *
 *     dense layer      denseKernel [parts][C8/8][8P][8]  denseKernelT [parts][P][C8][8]  denseBias [C8]  classWeights [classes]  zeros
 *                      denseKernelGradient [parts][C8/8][H][8]  denseBiasGradient [C8]
 *     tokens           slotOfToken int32 [vocabulary]  tokenOfSlot int32 [D]  slots, reversedSlots int32 [batch, length]
 *                      starts int32 [batch]  vectors [D8][·]  vectorGradients [D][·]
 *     a chunk          mirror int32 [length][R]  positions int32 [directions][length][R]
 *                      pooled [parts][R][·]  winners int32 [parts][P][R][8]
 *                      stateGradient, cellGradient [P][R][8]  stateGradients [P][length][R][8]
 *                      logits [C8/8][R][8]  probabilities [R][classes]
 *     dropout          masks [9][32 bytes]  factors  keptComponents uint8 [D][E8/8]
 *     averaging        vectorPointers, stampPointers, rowPointers, coefficients, scales [MAX_SHARDS]  stack
 *                      replicas  replicaPointers [3][MAX_SHARDS]
 *     lists of rows    someRows int32 [SOME_ROWS]
 *     offer            see simd_sums.ts
 *     struct           what a kernel with many arguments reads them from
 *     spare            a few words
 */
import { lstmCells } from "../../../model/layout.ts";
import type { ModelSpec } from "../../../model/spec.ts";
import { cellAreaBytes, cellOperands, seriesAreaBytes, type SimdCellScratch } from "../lstm/cell_scratch.ts";
import { firstStepAreaBytes, type SimdFirstStepScratch } from "../lstm/first_step_scratch.ts";
import { STRUCT_BYTES } from "../bindings.gen.ts";
import { MASKS_BYTES } from "../masks.ts";
import { SOME_ROWS } from "./row_list.ts";
import { offerBytes } from "../work_sharing.ts";
import { LINE_BYTES, padded, panelsOf, parts, rowStride, seriesBytes } from "./shapes.ts";

/**
 * Bytes of gates, cells and states over time that go through forward and backward together. They are written once and read
 * back once; within an L2 cache's size that is cheap.
 */
const CHUNK_BYTES = 2 ** 20;

/** Rows of a chunk, before and after which tiles and caches respectively are used badly. */
const MIN_CHUNK_ROWS = 24, MAX_CHUNK_ROWS = 66;

/** How many vectors can be averaged at once. */
export const MAX_SHARDS = 512;

/** Most rows of a chunk: a multiple of the tiles' six. */
function mostChunkRows(spec: ModelSpec, length: number): number {
  const rowBytes = 7 * 4 * padded(spec.hidden) * length * lstmCells(spec).length;
  const rows = Math.floor(CHUNK_BYTES / rowBytes / 6) * 6;
  return Math.min(MAX_CHUNK_ROWS, Math.max(MIN_CHUNK_ROWS, rows));
}

/** How a batch's rows are cut: into equal chunks, but for the last. It depends on the batch and the model alone. */
export function chunkRows(spec: ModelSpec, rows: number, length: number): number {
  return Math.ceil(rows / Math.max(1, Math.ceil(rows / mostChunkRows(spec, length))));
}

/** The largest that a batch and its chunks can be. */
export interface LargestSizes {
  /** Distinct tokens of a batch. */
  readonly distinct: number;
  readonly chunkRows: number;
  /** Rows times time steps of a chunk. */
  readonly chunkPositions: number;
}

function largestSizes(spec: ModelSpec, maxBatch: number, maxLength: number): LargestSizes {
  const chunkPositions = Array.from(
    { length: maxLength },
    (_, index) => Math.min(maxBatch, mostChunkRows(spec, index + 1)) * (index + 1),
  ).reduce((most, count) => Math.max(most, count), 0);
  return {
    distinct: Math.min(spec.vocabulary, maxBatch * maxLength),
    chunkRows: Math.min(maxBatch, MAX_CHUNK_ROWS),
    chunkPositions,
  };
}

/** Bytes of each area, in order. */
function areaBytes(spec: ModelSpec, maxBatch: number, maxLength: number, most: LargestSizes) {
  const { vocabulary, embedding, hidden, classes } = spec;
  const e8 = padded(embedding), h8 = padded(hidden), c8 = padded(classes);
  const positions = maxBatch * maxLength;
  const { distinct, chunkRows: rows, chunkPositions } = most;
  const isDeep = spec.layers > 1 || spec.bidirectional;
  return {
    denseKernel: 4 * parts(spec) * c8 * h8,
    denseKernelT: 4 * parts(spec) * h8 * c8,
    denseBias: 4 * c8,
    classWeights: 4 * classes,
    zeros: 4 * Math.max(e8, parts(spec) * h8),
    denseKernelGradient: 4 * parts(spec) * c8 * hidden,
    denseBiasGradient: 4 * c8,
    slotOfToken: 4 * vocabulary,
    tokenOfSlot: 4 * distinct,
    slots: 4 * positions,
    reversedSlots: spec.bidirectional ? 4 * positions : 0,
    starts: 4 * maxBatch,
    vectors: rowStride(embedding) * padded(distinct),
    vectorGradients: rowStride(embedding) * distinct,
    mirror: isDeep ? 4 * chunkPositions : 0,
    positions: isDeep ? 4 * parts(spec) * chunkPositions : 0,
    pooled: parts(spec) * rowStride(hidden) * rows,
    winners: spec.pooling === "max" ? 4 * parts(spec) * h8 * rows : 0,
    stateGradient: 4 * h8 * rows,
    cellGradient: 4 * h8 * rows,
    stateGradients: spec.pooling === "last" ? 0 : panelsOf(hidden) * seriesBytes(chunkPositions, 1),
    logits: 4 * c8 * rows,
    probabilities: 4 * classes * rows,
    masks: MASKS_BYTES,
    factors: 4 * (Math.max(embedding, hidden) + 16),
    keptComponents: e8 / 8 * distinct,
    vectorPointers: 4 * MAX_SHARDS,
    stampPointers: 4 * MAX_SHARDS,
    rowPointers: 4 * MAX_SHARDS,
    someRows: 4 * SOME_ROWS,
    coefficients: 4 * MAX_SHARDS,
    scales: 4 * MAX_SHARDS,
    replicas: 3 * Math.max(8192, 64 * MAX_SHARDS),
    replicaPointers: 3 * 4 * MAX_SHARDS,
    stack: 1024 * (2 + Math.log2(MAX_SHARDS)),
    offer: offerBytes(spec),
    struct: STRUCT_BYTES,
    spare: 128,
  };
}

type Offsets<Areas> = { readonly [area in keyof Areas]: number };

/** The name of each area with the byte offset where it begins; of each LSTM, in the layout's order, too. */
export type SimdScratch = Offsets<ReturnType<typeof areaBytes>> & {
  readonly ofCell: readonly SimdCellScratch[];
  /** Of the operands that the dense layer's packed weights are staged as, the first: kernel and transpose of each part. */
  readonly denseOperands: number;
  readonly ofFirstStep: SimdFirstStepScratch;
};

/** Areas are aligned to cache lines, and so must the scratch memory be. */
export function simdScratch(spec: ModelSpec, maxBatch: number, maxLength: number, byteOffset: number): SimdScratch {
  return placed(spec, maxBatch, maxLength, byteOffset).scratch;
}

/** Bytes of scratch memory that an engine for batches of at most `maxBatch` sequences of `maxLength` tokens needs. */
export function simdScratchBytes(spec: ModelSpec, maxBatch: number, maxLength: number): number {
  return placed(spec, maxBatch, maxLength, 0).end;
}

function placed(
  spec: ModelSpec,
  maxBatch: number,
  maxLength: number,
  byteOffset: number,
): { scratch: SimdScratch; end: number } {
  let end = byteOffset;
  function place<Areas extends Record<string, number>>(bytes: Areas): Offsets<Areas> {
    const entries = Object.entries(bytes).map(([name, size]): [string, number] => {
      const begin = end;
      end += Math.ceil(size / LINE_BYTES) * LINE_BYTES;
      return [name, begin];
    });
    return Object.fromEntries(entries) as Offsets<Areas>;
  }
  const most = largestSizes(spec, maxBatch, maxLength);
  const cells = lstmCells(spec);
  const ofCell = cells.map((cell, index) => ({
    ...place(cellAreaBytes(spec, cell, most)),
    series: [place(seriesAreaBytes(spec, most)), place(seriesAreaBytes(spec, most))] as const,
    operands: cellOperands(index),
  }));
  const denseOperands = cellOperands(cells.length).kernel;
  const ofFirstStep = place(firstStepAreaBytes(spec, maxBatch, most));
  const scratch = { ...place(areaBytes(spec, maxBatch, maxLength, most)), ofCell, ofFirstStep, denseOperands };
  return { scratch, end };
}
