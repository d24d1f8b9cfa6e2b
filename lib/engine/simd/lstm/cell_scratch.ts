/**
 * What each LSTM has of the simd engine's scratch memory, with the words of simd_scratch.ts. `I` is the width of its inputs:
 * the embedding's, or above the first layer all parts of the layer below, `8P` each.
 *
 *     packed weights   kernel [4P][I8][8]  kernelT [I8/8][32P][8]  recurrentKernel [4P][8P][8]
 *                      recurrentKernelT [P][32P][8]  bias [32P]
 *     gradients        kernelGradient [4P][I][8]  recurrentKernelGradient [4P][H][8]  biasGradient [32P]
 *     inputs           of the first layer, by token: projected [D][·]  tokenGates [D8][·], each 32P wide
 *                      of the others: inputs [length][R][·]  inputGradients [I8/8][length][R][8]
 *     over time        cells, cellTanhs [P][length][R][8]
 *                      twice, see simd_sums.ts: gates [4P][length][R][8]  states [length][R][·]
 *
 * Time is the LSTM's own: a backward one's first step is a row's last token. Rows that are shorter than the batch end at the
 * last step; see kernels/assembly/lstm_steps.ts.
 */
import type { LstmCell } from "../../../model/layout.ts";
import type { ModelSpec } from "../../../model/spec.ts";
import type { LargestSizes } from "../memory/scratch.ts";
import { padded, panelsOf, parts, rowStride, seriesBytes } from "../memory/shapes.ts";

type SimdCellArea =
  | ("kernel" | "kernelT" | "recurrentKernel" | "recurrentKernelT" | "bias")
  | ("kernelGradient" | "recurrentKernelGradient" | "biasGradient")
  | ("projected" | "tokenGates" | "inputs" | "inputGradients")
  | ("cells" | "cellTanhs");

/** What sums over time are made of. */
type SimdSeriesArea = "gates" | "states";
type Areas<Area extends string> = Readonly<Record<Area, number>>;

/** The numbers under which packed weights are staged as operands: see kernels/products.ts. */
export type SimdCellOperands = Readonly<Record<"kernel" | "kernelT" | "recurrentKernel" | "recurrentKernelT", number>>;

/** The byte offset where each area begins. */
export type SimdCellScratch = Areas<SimdCellArea> & {
  readonly series: readonly [Areas<SimdSeriesArea>, Areas<SimdSeriesArea>];
  readonly operands: SimdCellOperands;
};

const OPERANDS_OF_CELL = 4;

/**
 * Those of the LSTM that is number `index` in the layout's order; with `index` the count of LSTMs, `kernel` is the first
 * number that is nobody's.
 */
export function cellOperands(index: number): SimdCellOperands {
  const kernel = OPERANDS_OF_CELL * index;
  return { kernel, kernelT: kernel + 1, recurrentKernel: kernel + 2, recurrentKernelT: kernel + 3 };
}

/** Width of an LSTM's inputs as they lie in memory. */
export function inputWidth(spec: ModelSpec, { layer }: LstmCell): number {
  return layer === 1 ? spec.embedding : parts(spec) * padded(spec.hidden);
}

/** Bytes from token to token of what belongs to all gates. */
export function gatesRow({ hidden }: ModelSpec): number {
  return rowStride(4 * padded(hidden));
}

/** Bytes of each area, in order. */
export function cellAreaBytes(spec: ModelSpec, cell: LstmCell, most: LargestSizes): Record<SimdCellArea, number> {
  const { hidden } = spec;
  const h8 = padded(hidden);
  const gates = 4 * h8;
  const width = inputWidth(spec, cell);
  const series = seriesBytes(most.chunkPositions, 1);
  return {
    kernel: 4 * gates * padded(width),
    kernelT: 4 * padded(width) * gates,
    recurrentKernel: 4 * gates * h8,
    recurrentKernelT: 4 * h8 * gates,
    bias: 4 * gates,
    kernelGradient: 4 * gates * width,
    recurrentKernelGradient: 4 * gates * hidden,
    biasGradient: 4 * gates,
    projected: cell.layer === 1 ? gatesRow(spec) * most.distinct : 0,
    tokenGates: cell.layer === 1 ? gatesRow(spec) * padded(most.distinct) : 0,
    inputs: cell.layer === 1 ? 0 : rowStride(width) * most.chunkPositions,
    inputGradients: cell.layer === 1 ? 0 : padded(width) / 8 * series,
    cells: h8 / 8 * series,
    cellTanhs: h8 / 8 * series,
  };
}

/** Likewise of each of the two buffers of what sums over time are made of. */
export function seriesAreaBytes(
  { hidden }: ModelSpec,
  { chunkPositions }: LargestSizes,
): Record<SimdSeriesArea, number> {
  return {
    gates: 4 * panelsOf(hidden) * seriesBytes(chunkPositions, 1),
    states: rowStride(hidden) * chunkPositions,
  };
}
