/** Checks the kernels of kernels/assembly/tokens that move or scale vectors. */
import type { SimdKernels } from "../../bindings.gen.ts";
import type { Bounds } from "../bounds.ts";

type Names = "composeRows" | "spreadRows" | "gatherRows" | "scatterRows" | "sumByToken" | "drop" | "dropAgain";

const MASK_BYTES = 32;

export function checkedTokens(kernels: SimdKernels, bounds: Bounds): Pick<SimdKernels, Names> {
  return {
    composeRows(from, width, offsets, rows, numbers, count, to, toRow) {
      bounds.span(from, 4 * width * bounds.parts(offsets, rows, numbers, count));
      bounds.pieces(to, toRow, count, 4 * width);
      kernels.composeRows(from, width, offsets, rows, numbers, count, to, toRow);
    },
    spreadRows(from, fromRow, numbers, count, offsets, rows, zeroed, zeroes, to, width) {
      bounds.pieces(from, fromRow, count, 4 * width);
      bounds.span(to, 4 * width * Math.max(bounds.rows(zeroed, zeroes), bounds.parts(offsets, rows, numbers, count)));
      kernels.spreadRows(from, fromRow, numbers, count, offsets, rows, zeroed, zeroes, to, width);
    },
    gatherRows(from, width, rows, count, to, toRow) {
      bounds.span(from, 4 * width * bounds.rows(rows, count));
      bounds.pieces(to, toRow, count, 4 * width);
      kernels.gatherRows(from, width, rows, count, to, toRow);
    },
    scatterRows(from, fromRow, count, rows, to, width) {
      bounds.pieces(from, fromRow, count, 4 * width);
      bounds.span(to, 4 * width * bounds.rows(rows, count));
      kernels.scatterRows(from, fromRow, count, rows, to, width);
    },
    sumByToken(values, seriesBytes, panels, rows, steps, slots, slotsStride, sums, sumsStride, sumsRow) {
      let tokens = 0;
      for (let row = 0; row < rows; row++) tokens = Math.max(tokens, bounds.rows(slots + row * slotsStride, steps));
      bounds.pieces(values, seriesBytes, panels, 32 * rows * steps);
      bounds.matrix(sums, sumsStride, sumsRow, tokens, panels);
      kernels.sumByToken(values, seriesBytes, panels, rows, steps, slots, slotsStride, sums, sumsStride, sumsRow);
    },
    drop(call) {
      const { mask, factors, index, count, width, matrix, stride, row, kept } = call;
      const panels = Math.ceil(width / 8);
      bounds.span(mask, MASK_BYTES);
      bounds.span(factors, 4 * (width + 16));
      if (index !== 0) bounds.span(index, 4 * count);
      bounds.matrix(matrix, stride, row, count, panels);
      if (kept !== 0) bounds.span(kept, count * panels);
      kernels.drop(call);
    },
    dropAgain(mask, kept, count, width, matrix, stride, row) {
      const panels = Math.ceil(width / 8);
      bounds.span(mask, MASK_BYTES);
      bounds.span(kept, count * panels);
      bounds.matrix(matrix, stride, row, count, panels);
      kernels.dropAgain(mask, kept, count, width, matrix, stride, row);
    },
  };
}
