import type { SimdLstmKernels } from "./simd_lstm_kernels.ts";
import type { SimdRoundKernels } from "./simd_round_kernels.ts";

/**
 * The functions of `kernels/lockstep.wasm`, under the names they have there; their sources say what each does. Pointers
 * are byte offsets in the memory, strides are bytes, counts are elements.
 */
export interface SimdKernels extends SimdLstmKernels, SimdRoundKernels {
  gemm(
    from: number,
    fromStride: number,
    fromRow: number,
    index: number,
    indexStride: number,
    a: number,
    aStride: number,
    aRow: number,
    operand: number,
    inner: number,
    c: number,
    cStride: number,
    cRow: number,
    rows: number,
    panels: number,
  ): void;
  accumulateProducts(
    a: number,
    aRow: number,
    b: number,
    bStride: number,
    bRow: number,
    inner: number,
    c: number,
    rows: number,
    panels: number,
  ): void;
  stageOperand(operand: number, from: number, inner: number, panels: number): void;
  tanhArray(from: number, to: number, count: number): void;
  sigmoidArray(from: number, to: number, count: number): void;
  expArray(from: number, to: number, count: number): void;
  packColumns(from: number, rows: number, groups: number, width: number, to: number, toRows: number): void;
  packRows(from: number, rows: number, groups: number, width: number, to: number): void;
  unpackColumns(from: number, fromRows: number, to: number, rows: number, groups: number, width: number): void;
  distinctTokens(
    tokens: number,
    rows: number,
    length: number,
    starts: number,
    vocabulary: number,
    table: number,
    tokenOfSlot: number,
    slots: number,
  ): number;
  distinctFirsts(
    slots: number,
    rows: number,
    length: number,
    firstOfSlot: number,
    slotOfFirst: number,
    firsts: number,
  ): number;
  reverseSlots(slots: number, rows: number, length: number, starts: number, to: number): void;
  gatherRows(from: number, width: number, rows: number, count: number, to: number, toRow: number): void;
  sumByToken(
    values: number,
    seriesBytes: number,
    panels: number,
    rows: number,
    steps: number,
    slots: number,
    slotsStride: number,
    sums: number,
    sumsStride: number,
    sumsRow: number,
  ): void;
  scatterRows(from: number, fromRow: number, count: number, rows: number, to: number, width: number): void;
  mirrorSteps(rows: number, length: number, starts: number, to: number): void;
  stepPositions(
    rows: number,
    length: number,
    starts: number,
    first: number,
    batchLength: number,
    backward: number,
    to: number,
  ): void;
  pickRows(
    from: number,
    fromStride: number,
    fromRow: number,
    index: number,
    indexStride: number,
    to: number,
    toStride: number,
    toRow: number,
    rows: number,
    panels: number,
  ): void;
  addIndexedRows(from: number, index: number, count: number, panels: number, panelBytes: number, to: number): void;
  poolMean(
    states: number,
    stateRow: number,
    rows: number,
    length: number,
    panels: number,
    starts: number,
    to: number,
    toRow: number,
  ): void;
  poolMeanBackward(
    gradient: number,
    rows: number,
    length: number,
    panels: number,
    starts: number,
    to: number,
    panelBytes: number,
  ): void;
  poolMax(
    states: number,
    stateRow: number,
    rows: number,
    length: number,
    panels: number,
    starts: number,
    backward: number,
    to: number,
    toRow: number,
    winners: number,
  ): void;
  poolMaxBackward(
    gradient: number,
    winners: number,
    rows: number,
    length: number,
    panels: number,
    to: number,
    panelBytes: number,
  ): void;
  drop(
    mask: number,
    factors: number,
    index: number,
    first: number,
    count: number,
    elements: number,
    offset: number,
    width: number,
    matrix: number,
    stride: number,
    row: number,
    kept: number,
  ): void;
  dropAgain(
    mask: number,
    kept: number,
    count: number,
    width: number,
    matrix: number,
    stride: number,
    row: number,
  ): void;
  softmaxCrossEntropy(
    logits: number,
    rows: number,
    panels: number,
    labels: number,
    scale: number,
    weights: number,
    correct: number,
    spare: number,
  ): number;
  softmax(logits: number, rows: number, panels: number, classes: number, to: number, spare: number): void;
  columnSums(from: number, fromStride: number, fromRow: number, panels: number, rows: number, to: number): void;
  zero(at: number, bytes: number): void;
  peak(rounds: number): number;
}

/** The modules that the kernels are in, compiled. */
export interface KernelModules {
  /** `kernels/lockstep.wasm` */
  readonly lockstep: WebAssembly.Module;
  /** `kernels/products.wasm` */
  readonly products: WebAssembly.Module;
}

/** The kernels over `memory`, with room of their own for operands. */
export function bindKernels({ lockstep, products }: KernelModules, memory: WebAssembly.Memory): SimdKernels {
  const env = { memory };
  const instance = new WebAssembly.Instance(lockstep, {
    env,
    products: new WebAssembly.Instance(products, { env }).exports,
  });
  return instance.exports as unknown as SimdKernels;
}
