/**
 * The map of the simd engine's scratch memory. Matrices there are in panels: eight columns of all rows, [rows][8], each
 * panel after the other; those over time are `seriesBytes` apart. `P` is the panels of one gate, ceil(hidden / 8); `D` the
 * distinct tokens of a batch, `F` those of its step 0; `R` the rows that go through the LSTM together (a chunk).
 *
 *     packed weights   inputKernel [4P][E8][8]  inputKernelT [E8/8][32P][8]  recurrentKernel [4P][8P][8]
 *                      recurrentKernelT [P][32P][8]  bias [32P]  denseKernel [C8/8][8P][8]  denseKernelT [P][C8][8]
 *                      denseBias [C8]  zeros
 *     gradients        inputKernelGradient [4P][E][8]  recurrentKernelGradient [4P][H][8]  biasGradient [32P]
 *                      denseKernelGradient [C8/8][H][8]  denseBiasGradient [C8]
 *     tokens           slotOfToken int32 [vocabulary]  tokenOfSlot int32 [D]  slots int32 [batch, length]
 *                      vectors [D][vectorStride]  vectorPanels [E8/8][D][8]  projected, tokenGates [4P][D][8]
 *     step 0           firstOfSlot int32 [D]  slotOfFirst int32 [F]  firsts int32 [batch]
 *                      firstGates, recurrentParts, firstGateSums [4P][F][8]  firstStates [F][stateStride]
 *                      firstCells, firstCellTanhs, firstStatePanels, firstStateGradient, firstCellGradient [P][F][8]
 *     later steps      gates [4P][length][R][8]  cells, cellTanhs [P][length][R][8]  states [length][R][stateStride]
 *                      statePanels [2][P][R][8]  stateGradient, cellGradient [P][R][8]  logits [C8/8][R][8]
 *                      probabilities [R][classes]
 *     averaging        vectorPointers, coefficients [MAX_SHARDS]  stack
 *     spare            a few words
 */
import type { ModelSpec } from "../model/spec.ts";

/**
 * Bytes of gates, cells and states over time that go through forward and backward together. They are written once and read
 * back once; within an L2 cache's size that is cheap.
 */
const CHUNK_BYTES = 2 ** 20;

/** Rows of a chunk, before and after which tiles and caches respectively are used badly. */
const MIN_CHUNK_ROWS = 24, MAX_CHUNK_ROWS = 60;

/** How many vectors can be averaged at once. */
export const MAX_SHARDS = 4096;

const LINE_BYTES = 64;

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

/** Most rows of a chunk: a multiple of the tiles' six. */
function mostChunkRows(hidden: number, length: number): number {
  const rowBytes = 7 * 4 * padded(hidden) * length;
  const rows = Math.floor(CHUNK_BYTES / rowBytes / 6) * 6;
  return Math.min(MAX_CHUNK_ROWS, Math.max(MIN_CHUNK_ROWS, rows));
}

/** How a batch's rows are cut: into equal chunks, but for the last. It depends on the batch and the model alone. */
export function chunkRows(hidden: number, rows: number, length: number): number {
  return Math.ceil(rows / Math.max(1, Math.ceil(rows / mostChunkRows(hidden, length))));
}

/** Bytes of each area, in order. */
function areaBytes(spec: ModelSpec, maxBatch: number, maxLength: number) {
  const { vocabulary, embedding, hidden, classes } = spec;
  const e8 = padded(embedding), h8 = padded(hidden), c8 = padded(classes);
  const gates = 4 * h8;
  const positions = maxBatch * maxLength;
  const distinct = Math.min(vocabulary, positions);
  const firsts = Math.min(vocabulary, maxBatch);
  const rows = Math.min(maxBatch, MAX_CHUNK_ROWS);
  const positionsOfChunk = Array.from(
    { length: maxLength },
    (_, index) => Math.min(maxBatch, mostChunkRows(hidden, index + 1)) * (index + 1),
  ).reduce((most, count) => Math.max(most, count), 0);
  const series = seriesBytes(positionsOfChunk, 1);
  return {
    inputKernel: 4 * gates * e8,
    inputKernelT: 4 * e8 * gates,
    recurrentKernel: 4 * gates * h8,
    recurrentKernelT: 4 * h8 * gates,
    bias: 4 * gates,
    denseKernel: 4 * c8 * h8,
    denseKernelT: 4 * h8 * c8,
    denseBias: 4 * c8,
    zeros: 4 * Math.max(e8, h8),
    inputKernelGradient: 4 * gates * embedding,
    recurrentKernelGradient: 4 * gates * hidden,
    biasGradient: 4 * gates,
    denseKernelGradient: 4 * c8 * hidden,
    denseBiasGradient: 4 * c8,
    slotOfToken: 4 * vocabulary,
    tokenOfSlot: 4 * distinct,
    slots: 4 * positions,
    vectors: rowStride(embedding) * distinct,
    vectorPanels: 4 * e8 * distinct,
    projected: 4 * gates * distinct,
    tokenGates: 4 * gates * distinct,
    firstOfSlot: 4 * distinct,
    slotOfFirst: 4 * firsts,
    firsts: 4 * maxBatch,
    firstGates: 4 * gates * firsts,
    firstCells: 4 * h8 * firsts,
    firstCellTanhs: 4 * h8 * firsts,
    firstStates: rowStride(hidden) * firsts,
    firstStatePanels: 4 * h8 * firsts,
    recurrentParts: 4 * gates * firsts,
    firstGateSums: 4 * gates * firsts,
    firstStateGradient: 4 * h8 * firsts,
    firstCellGradient: 4 * h8 * firsts,
    gates: gates / 8 * series,
    cells: h8 / 8 * series,
    cellTanhs: h8 / 8 * series,
    states: rowStride(hidden) * positionsOfChunk,
    statePanels: 2 * 4 * h8 * rows,
    stateGradient: 4 * h8 * rows,
    cellGradient: 4 * h8 * rows,
    logits: 4 * c8 * rows,
    probabilities: 4 * classes * rows,
    vectorPointers: 4 * MAX_SHARDS,
    coefficients: 4 * MAX_SHARDS,
    stack: 1024 * (2 + Math.log2(MAX_SHARDS)),
    spare: 128,
  };
}

/** The name of each area with the byte offset where it begins. */
export type SimdScratch = { readonly [area in keyof ReturnType<typeof areaBytes>]: number };

/** Areas are aligned to cache lines, and so must the scratch memory be. */
export function simdScratch(spec: ModelSpec, maxBatch: number, maxLength: number, byteOffset: number): SimdScratch {
  let offset = byteOffset;
  const entries = Object.entries(areaBytes(spec, maxBatch, maxLength)).map(([name, bytes]): [string, number] => {
    const begin = offset;
    offset += Math.ceil(bytes / LINE_BYTES) * LINE_BYTES;
    return [name, begin];
  });
  return Object.fromEntries(entries) as SimdScratch;
}

/** Bytes of scratch memory that an engine for batches of at most `maxBatch` sequences of `maxLength` tokens needs. */
export function simdScratchBytes(spec: ModelSpec, maxBatch: number, maxLength: number): number {
  const bytes = Object.values(areaBytes(spec, maxBatch, maxLength));
  return bytes.reduce((sum, area) => sum + Math.ceil(area / LINE_BYTES) * LINE_BYTES, 0);
}
