/**
 * Maps the simd engine's scratch memory.
 *
 * A matrix is row-major, [rows][·], where a row takes `rowStride` bytes; or in panels, [rows][8]: eight columns of all rows,
 * panel after panel. Panels over time are `seriesBytes` apart. `H` is hidden, `P` the panels of one gate, ceil(H / 8); `D`
 * the distinct tokens of a batch, `F` those of its step 0; `R` the rows that go through the LSTMs together (a chunk). `D8` is
 * `D` rounded up to eight, and so on. An LSTM's inputs have the width `I`: the embedding's, or above the first layer all parts
 * of the layer below, `8P` each. The output of a layer has `parts`, one for each direction, `P` panels each.
 *
 * Each LSTM has, in its own order of time (the first step of a backward one is a row's last token; shorter rows end at the
 * last step, see kernels/assembly/lstm/lstm_steps.ts):
 *
 *     packed weights   kernel [4P][I8][8]  kernelT [I8/8][32P][8]  recurrentKernel [4P][8P][8]
 *                      recurrentKernelT [P][32P][8]  bias [32P]
 *     gradients        kernelGradient [4P][I][8]  recurrentKernelGradient [4P][H][8]  biasGradient [32P]
 *     inputs           of the first layer, by token: projected [D][·]  tokenGates [D8][·], each 32P wide
 *                      of the others: inputs [length][R][·]  inputGradients [I8/8][length][R][8]
 *     over time        cells, cellTanhs [P][length][R][8]
 *                      two of each, see work_sharing.ts: gates [4P][length][R][8]  states [length][R][·]
 *
 * Step 0 has, once per distinct first token (see lstm/first_step.ts):
 *
 *     firstOfSlot int32 [D]  slotOfFirst int32 [F]  firsts int32 [batch]
 *     gates, recurrentParts, gateSums [4P][F][8]  states [F][·]
 *     cells, cellTanhs, stateGradient, cellGradient [P][F][8]
 *
 * The engine has:
 *
 *     dense layer      denseKernel [parts][C8/8][8P][8]  denseKernelT [parts][P][C8][8]  denseBias [C8]
 *                      classWeights [classes]  zeros
 *                      denseKernelGradient [parts][C8/8][H][8]  denseBiasGradient [C8]
 *     tokens           slotOfToken int32 [rows of the embedding]  tokenOfSlot int32 [D]
 *                      slots, reversedSlots int32 [batch, length]  starts int32 [batch]
 *                      rowOfPart int32 [distinct rows of all vectors]  parts int32 [rows of all vectors]
 *                      vectors [D8][·]  vectorGradients [D][·]
 *     a chunk          mirror int32 [length][R]  positions int32 [directions][length][R]
 *                      pooled [parts][R][·]  winners int32 [parts][P][R][8]
 *                      stateGradient, cellGradient [P][R][8]  stateGradients [P][length][R][8]
 *                      logits [C8/8][R][8]  probabilities [R][classes]
 *     dropout          masks [9][32 bytes]  factors  keptComponents uint8 [D][E8/8]
 *     averaging        vectorPointers, stampPointers, rowPointers, coefficients, scales [MAX_SHARDS]  stack
 *                      replicas  replicaPointers [3][MAX_SHARDS]
 *     lists of rows    someRows int32 [SOME_ROWS]
 *     offer            see work_sharing.ts
 *     struct           the arguments of a kernel that reads them from memory
 *     spare            a few words
 */
import { MOST_ROWS_OF_VECTOR } from "../../../data/batches/batch.ts";
import { LSTM_GATES, type LstmCell, lstmCells } from "../../../model/layout.ts";
import type { ModelSpec } from "../../../model/spec.ts";
import { type Offsets, Regions } from "../../regions.ts";
import { STRUCT_BYTES } from "../bindings.gen.ts";
import { MASKS_BYTES } from "../masks.ts";
import { poolingMode } from "../pooling.ts";
import { offerBytes } from "../work_sharing.ts";
import { type LargestSizes, largestSizes, padded, panelsOf, parts, rowStride, seriesBytes } from "./shapes.ts";

/** Counts the rows that are copied into the scratch memory at a time. */
export const SOME_ROWS = 1024;

/** Limits the vectors that are averaged at once. */
export const MAX_SHARDS = 512;

/** Numbers the operands as which an LSTM's packed weights are staged: see kernels/products.ts. */
type SimdCellOperands = Readonly<Record<"kernel" | "kernelT" | "recurrentKernel" | "recurrentKernelT", number>>;

/** Holds the byte offsets of an LSTM's areas. */
export type SimdCellScratch = Offsets<ReturnType<typeof cellAreas>> & {
  readonly series: readonly [Offsets<ReturnType<typeof seriesAreas>>, Offsets<ReturnType<typeof seriesAreas>>];
  readonly operands: SimdCellOperands;
};

/** Holds the byte offsets of all areas, with those of each LSTM in the layout's order. */
export type SimdScratch = Offsets<ReturnType<typeof engineAreas>> & {
  readonly ofCell: readonly SimdCellScratch[];
  readonly ofFirstStep: Offsets<ReturnType<typeof firstStepAreas>>;
  /** The number of the dense layer's first operand: kernel and transpose of each part follow each other. */
  readonly denseOperands: number;
};

/** Returns the map of scratch memory at `byteOffset`, a multiple of a cache line. */
export function simdScratch(
  spec: ModelSpec,
  maxBatch: number,
  maxLength: number,
  byteOffset: number,
  maxVectors?: number,
): SimdScratch {
  return placed(spec, maxBatch, maxLength, byteOffset, maxVectors).scratch;
}

/**
 * Returns the bytes of scratch memory for batches of at most `maxBatch` sequences of `maxLength` tokens and `maxVectors`
 * vectors that are made of rows.
 */
export function simdScratchBytes(spec: ModelSpec, maxBatch: number, maxLength: number, maxVectors?: number): number {
  return placed(spec, maxBatch, maxLength, 0, maxVectors).end;
}

function placed(
  spec: ModelSpec,
  maxBatch: number,
  maxLength: number,
  byteOffset: number,
  maxVectors: number | undefined,
): { scratch: SimdScratch; end: number } {
  const regions = new Regions(byteOffset);
  const most = largestSizes(spec, maxBatch, maxLength, maxVectors);
  const cells = lstmCells(spec);
  const ofCell = cells.map((cell, index) => ({
    ...regions.place(cellAreas(spec, cell, most)),
    series: [regions.place(seriesAreas(spec, most)), regions.place(seriesAreas(spec, most))] as const,
    operands: cellOperands(index),
  }));
  const denseOperands = cellOperands(cells.length).kernel;
  const ofFirstStep = regions.place(firstStepAreas(spec, most));
  const scratch = { ...regions.place(engineAreas(spec, most)), ofCell, ofFirstStep, denseOperands };
  return { scratch, end: regions.end };
}

const OPERANDS_OF_CELL = 4;

/** Returns the operands of LSTM number `index`. With the count of LSTMs, `kernel` is the first free number. */
function cellOperands(index: number): SimdCellOperands {
  const kernel = OPERANDS_OF_CELL * index;
  return { kernel, kernelT: kernel + 1, recurrentKernel: kernel + 2, recurrentKernelT: kernel + 3 };
}

/** Returns the width of an LSTM's inputs in memory. */
export function inputWidth(spec: ModelSpec, { layer }: LstmCell): number {
  return layer === 1 ? spec.embedding : parts(spec) * padded(spec.hidden);
}

/** Returns the bytes from token to token of the values of all gates. */
export function gatesRow({ hidden }: ModelSpec): number {
  return rowStride(LSTM_GATES * padded(hidden));
}

/** Returns the bytes of each area of an LSTM, in order. */
function cellAreas(spec: ModelSpec, cell: LstmCell, most: LargestSizes) {
  const { hidden } = spec;
  const h8 = padded(hidden);
  const gates = LSTM_GATES * h8;
  const width = inputWidth(spec, cell);
  const series = seriesBytes(most.chunkPositions, 1);
  const isFirst = cell.layer === 1;
  return {
    kernel: 4 * gates * padded(width),
    kernelT: 4 * padded(width) * gates,
    recurrentKernel: 4 * gates * h8,
    recurrentKernelT: 4 * h8 * gates,
    bias: 4 * gates,
    kernelGradient: 4 * gates * width,
    recurrentKernelGradient: 4 * gates * hidden,
    biasGradient: 4 * gates,
    projected: isFirst ? gatesRow(spec) * most.distinct : 0,
    tokenGates: isFirst ? gatesRow(spec) * padded(most.distinct) : 0,
    inputs: isFirst ? 0 : rowStride(width) * most.chunkPositions,
    inputGradients: isFirst ? 0 : panelsOf(width) * series,
    cells: panelsOf(hidden) * series,
    cellTanhs: panelsOf(hidden) * series,
  };
}

/** Returns the bytes of each area of one of the two buffers that sums over time read. */
function seriesAreas({ hidden }: ModelSpec, { chunkPositions }: LargestSizes) {
  return {
    gates: LSTM_GATES * panelsOf(hidden) * seriesBytes(chunkPositions, 1),
    states: rowStride(hidden) * chunkPositions,
  };
}

/** Returns whether only the next step needs step 0: not another layer or direction, nor pooling. */
export function hasFirstStep({ layers, bidirectional, pooling }: ModelSpec): boolean {
  return layers === 1 && !bidirectional && poolingMode(pooling).takesLast;
}

/** Returns the bytes of each area of step 0, in order; 0 if the model does not compute it once per first token. */
function firstStepAreas(spec: ModelSpec, { batch, distinct }: LargestSizes) {
  const isUsed = hasFirstStep(spec) ? 1 : 0;
  const count = isUsed * Math.min(distinct, batch);
  const states = 4 * padded(spec.hidden) * count;
  return {
    firstOfSlot: isUsed * 4 * distinct,
    slotOfFirst: 4 * count,
    firsts: isUsed * 4 * batch,
    gates: LSTM_GATES * states,
    recurrentParts: LSTM_GATES * states,
    gateSums: LSTM_GATES * states,
    states: rowStride(spec.hidden) * count,
    cells: states,
    cellTanhs: states,
    stateGradient: states,
    cellGradient: states,
  };
}

/** Returns the bytes of each area of the engine, in order. */
function engineAreas(spec: ModelSpec, most: LargestSizes) {
  const { vocabulary, letterRows, embedding, hidden, classes } = spec;
  const e8 = padded(embedding), h8 = padded(hidden), c8 = padded(classes);
  const { batch, positions, distinct, vectors, chunkRows: rows, chunkPositions } = most;
  const rowsOfVectors = vectors * MOST_ROWS_OF_VECTOR;
  const isDeep = spec.layers > 1 || spec.bidirectional;
  const pooling = poolingMode(spec.pooling);
  return {
    denseKernel: 4 * parts(spec) * c8 * h8,
    denseKernelT: 4 * parts(spec) * h8 * c8,
    denseBias: 4 * c8,
    classWeights: 4 * classes,
    zeros: 4 * Math.max(e8, parts(spec) * h8),
    denseKernelGradient: 4 * parts(spec) * c8 * hidden,
    denseBiasGradient: 4 * c8,
    slotOfToken: 4 * Math.max(vocabulary + letterRows, vectors),
    tokenOfSlot: 4 * distinct,
    slots: 4 * positions,
    reversedSlots: spec.bidirectional ? 4 * positions : 0,
    starts: 4 * batch,
    rowOfPart: 4 * Math.min(vocabulary + letterRows, rowsOfVectors),
    parts: 4 * rowsOfVectors,
    vectors: rowStride(embedding) * padded(distinct),
    vectorGradients: rowStride(embedding) * distinct,
    mirror: isDeep ? 4 * chunkPositions : 0,
    positions: isDeep ? 4 * parts(spec) * chunkPositions : 0,
    pooled: parts(spec) * rowStride(hidden) * rows,
    winners: pooling.hasWinners ? 4 * parts(spec) * h8 * rows : 0,
    stateGradient: 4 * h8 * rows,
    cellGradient: 4 * h8 * rows,
    stateGradients: pooling.takesLast ? 0 : panelsOf(hidden) * seriesBytes(chunkPositions, 1),
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
