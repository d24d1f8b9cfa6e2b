/** Checks the kernels of kernels/assembly/matrices. */
import type { SimdKernels } from "../../bindings.gen.ts";
import type { Bounds } from "../bounds.ts";

type Names =
  | "gemm"
  | "accumulateProducts"
  | "packColumns"
  | "packRows"
  | "unpackColumns"
  | "addIndexedRows"
  | "pickRows"
  | "columnSums"
  | "zero";

const panelsOf = (width: number) => Math.ceil(width / 8);

export function checkedMatrices(kernels: SimdKernels, bounds: Bounds): Pick<SimdKernels, Names> {
  return {
    gemm(call) {
      const { from, fromStride, fromRow, index, indexStride, rows, panels, inner } = call;
      const fromRows = index === 0 ? rows : bounds.rows(index, rows, indexStride);
      bounds.matrix(from, fromStride, fromRow, fromRows, panels);
      bounds.matrix(call.a, call.aStride, call.aRow, rows, inner / 8);
      bounds.operand(call.operand, inner, panels);
      bounds.matrix(call.c, call.cStride, call.cRow, rows, panels);
      kernels.gemm(call);
    },
    accumulateProducts(a, aRow, b, bStride, bRow, inner, c, rows, panels) {
      bounds.pieces(a, aRow, inner, 4 * rows);
      bounds.matrix(b, bStride, bRow, inner, panels);
      bounds.span(c, 32 * rows * panels);
      kernels.accumulateProducts(a, aRow, b, bStride, bRow, inner, c, rows, panels);
    },
    packColumns(from, rows, groups, width, to, toRows) {
      bounds.span(from, 4 * rows * groups * width);
      bounds.pieces(to, 32 * toRows, groups * panelsOf(width), 32 * rows);
      kernels.packColumns(from, rows, groups, width, to, toRows);
    },
    packRows(from, rows, groups, width, to) {
      bounds.span(from, 4 * rows * groups * width);
      bounds.span(to, 32 * panelsOf(rows) * groups * 8 * panelsOf(width));
      kernels.packRows(from, rows, groups, width, to);
    },
    unpackColumns(from, fromRows, to, rows, groups, width) {
      bounds.pieces(from, 32 * fromRows, groups * panelsOf(width), 32 * rows);
      bounds.span(to, 4 * rows * groups * width);
      kernels.unpackColumns(from, fromRows, to, rows, groups, width);
    },
    addIndexedRows(from, index, count, panels, panelBytes, to) {
      bounds.pieces(from, panelBytes, panels, 32 * bounds.rows(index, count));
      bounds.pieces(to, panelBytes, panels, 32 * count);
      kernels.addIndexedRows(from, index, count, panels, panelBytes, to);
    },
    pickRows(from, fromStride, fromRow, index, indexStride, to, toStride, toRow, rows, panels) {
      const fromRows = index === 0 ? rows : bounds.rows(index, rows, indexStride);
      bounds.matrix(from, fromStride, fromRow, fromRows, panels);
      bounds.matrix(to, toStride, toRow, rows, panels);
      kernels.pickRows(from, fromStride, fromRow, index, indexStride, to, toStride, toRow, rows, panels);
    },
    columnSums(from, fromStride, fromRow, panels, rows, to) {
      bounds.matrix(from, fromStride, fromRow, rows, panels);
      bounds.span(to, 32 * panels);
      kernels.columnSums(from, fromStride, fromRow, panels, rows, to);
    },
    zero(at, bytes) {
      bounds.span(at, bytes);
      kernels.zero(at, bytes);
    },
  };
}
