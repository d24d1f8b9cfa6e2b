/**
 * The functions of `kernels/lockstep.wasm`, under the names they have there; their sources say what each does. Pointers
 * are byte offsets in the memory, strides are bytes, counts are elements.
 */
export interface SimdKernels {
  gemm(
    from: number,
    fromStride: number,
    fromRow: number,
    index: number,
    indexStride: number,
    a: number,
    aStride: number,
    b: number,
    inner: number,
    c: number,
    cStride: number,
    rows: number,
    panels: number,
  ): void;
  affine(a: number, rows: number, inner: number, b: number, bias: number, panels: number, c: number): void;
  accumulateProducts(
    a: number,
    aStride: number,
    b: number,
    bStride: number,
    inner: number,
    c: number,
    rows: number,
    panels: number,
  ): void;
  tanhArray(from: number, to: number, count: number): void;
  sigmoidArray(from: number, to: number, count: number): void;
  expArray(from: number, to: number, count: number): void;
  packColumns(from: number, rows: number, groups: number, width: number, to: number, toRows: number): void;
  packRows(from: number, rows: number, groups: number, width: number, to: number): void;
  unpackColumns(from: number, fromRows: number, to: number, rows: number, groups: number, width: number): void;
  distinctTokens(
    tokens: number,
    count: number,
    vocabulary: number,
    table: number,
    rows: number,
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
  gatherRows(
    from: number,
    width: number,
    rows: number,
    count: number,
    to: number,
    stride: number,
    toPanels: number,
  ): void;
  sumByToken(
    values: number,
    seriesBytes: number,
    panels: number,
    rows: number,
    steps: number,
    slots: number,
    slotsStride: number,
    sums: number,
    count: number,
  ): void;
  scatterRows(from: number, count: number, rows: number, to: number, width: number): void;
  lstmFirst(
    count: number,
    panels: number,
    slotOfFirst: number,
    projected: number,
    slotCount: number,
    recurrent: number,
    zeros: number,
    gates: number,
    cells: number,
    tanhs: number,
    states: number,
    stateStride: number,
    statePanels: number,
    recurrentParts: number,
  ): void;
  lstmForward(
    rows: number,
    length: number,
    panels: number,
    seriesBytes: number,
    slots: number,
    projected: number,
    slotCount: number,
    recurrent: number,
    firsts: number,
    firstCount: number,
    firstCells: number,
    firstStatePanels: number,
    recurrentParts: number,
    gates: number,
    cells: number,
    tanhs: number,
    states: number,
    stateStride: number,
    statePanels: number,
  ): void;
  lstmBackward(
    rows: number,
    length: number,
    panels: number,
    seriesBytes: number,
    recurrentT: number,
    zeros: number,
    gates: number,
    cells: number,
    tanhs: number,
    stateGradient: number,
    cellGradient: number,
  ): void;
  lstmFirstBackward(
    count: number,
    panels: number,
    recurrentT: number,
    gateSums: number,
    gates: number,
    cells: number,
    tanhs: number,
    stateGradient: number,
    cellGradient: number,
  ): void;
  softmaxCrossEntropy(
    logits: number,
    rows: number,
    panels: number,
    labels: number,
    scale: number,
    correct: number,
    spare: number,
  ): number;
  softmax(logits: number, rows: number, panels: number, classes: number, to: number, spare: number): void;
  columnSums(from: number, panels: number, rows: number, to: number): void;
  zero(at: number, bytes: number): void;
  squaredNorm(from: number, count: number): number;
  adam(
    fromW: number,
    fromM: number,
    fromV: number,
    gradient: number,
    intoW: number,
    intoM: number,
    intoV: number,
    count: number,
    scale: number,
    oneMinusBeta1: number,
    beta2: number,
    oneMinusBeta2: number,
    rate: number,
    rootCorrection: number,
    epsilon: number,
    spare: number,
  ): void;
  average(
    vectors: number,
    coefficients: number,
    shards: number,
    to: number,
    count: number,
    stack: number,
    drift: number,
  ): number;
  peak(rounds: number): number;
}

/** The kernels of `module` on `memory`, which must be shared. They hold no state of their own. */
export function bindKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): SimdKernels {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as SimdKernels;
}
