/** What kernels need of Adam and of a step: see kernels/assembly/adam.ts. */
export type AdamFormula = readonly [
  oneMinusBeta1: number,
  beta2: number,
  oneMinusBeta2: number,
  rate: number,
  rootCorrection: number,
  epsilon: number,
  kept: number,
];

/**
 * The functions of `kernels/lockstep.wasm` on flat vectors, which end a step and a round: norm, optimizer, mean. As in
 * simd_kernels.ts.
 */
export interface SimdRoundKernels {
  squaredNorm(from: number, count: number): number;
  squaredNormRows(
    rows: number,
    count: number,
    width: number,
    begin: number,
    end: number,
    from: number,
    sum: number,
  ): number;
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
    ...rest: [...formula: AdamFormula, spare: number]
  ): void;
  adamRows(
    rows: number,
    count: number,
    width: number,
    begin: number,
    end: number,
    fromW: number,
    fromM: number,
    fromV: number,
    gradient: number,
    intoW: number,
    intoM: number,
    intoV: number,
    scale: number,
    ...rest: [...formula: AdamFormula, spare: number]
  ): void;
  adamMean(
    fromW: number,
    fromM: number,
    fromV: number,
    gradients: number,
    scales: number,
    coefficients: number,
    shards: number,
    intoW: number,
    intoM: number,
    intoV: number,
    count: number,
    ...rest: [...formula: AdamFormula, replicas: number, pointers: number, stack: number, spare: number]
  ): void;
  adamMeanRows(
    rows: number,
    count: number,
    width: number,
    height: number,
    stamps: number,
    stamp: number,
    fromW: number,
    fromM: number,
    fromV: number,
    gradients: number,
    scales: number,
    coefficients: number,
    shards: number,
    intoW: number,
    intoM: number,
    intoV: number,
    ...rest: [
      ...formula: AdamFormula,
      rowGradients: number,
      replicas: number,
      pointers: number,
      stack: number,
      spare: number,
    ]
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
  averageRows(
    rows: number,
    count: number,
    width: number,
    height: number,
    vectors: number,
    stamps: number,
    stamp: number,
    otherwise: number,
    otherwiseStride: number,
    coefficients: number,
    shards: number,
    to: number,
    pointers: number,
    stack: number,
    drift: number,
  ): number;
  copyRows(rows: number, count: number, width: number, height: number, from: number, to: number): void;
  findRows(
    stamps: number,
    shards: number,
    stamp: number,
    height: number,
    block: number,
    parts: number,
    first: number,
    step: number,
    list: number,
    room: number,
    found: number,
  ): void;
}
