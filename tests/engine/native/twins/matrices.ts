/** Draws calls of the kernels of kernels/assembly/matrices. */
import { matrix, type Twins } from "../twin.ts";

export const matrixTwins: Twins = {
  gemm(room) {
    const rows = room.from(0, 40), panels = room.from(1, 20), inner = 8 * room.from(1, 20);
    const a = matrix(room, rows, inner / 8), c = matrix(room, rows, panels);
    const b = room.floats(panels * inner * 8);
    const bias = { at: room.floats(8 * panels), stride: 32, row: 0 };
    const height = room.from(1, 9);
    const listed = matrix(room, height, panels);
    const [from, index, indexStride] = [
      [bias, 0, 0] as const,
      [c, 0, 0] as const,
      [listed, room.ints(2 * rows, height), 8] as const,
    ][room.draw(3)]!;
    return (kernels) => {
      kernels.stageOperand(3, b, inner, panels);
      kernels.gemm({
        from: from.at,
        fromStride: from.stride,
        fromRow: from.row,
        index,
        indexStride,
        a: a.at,
        aStride: a.stride,
        aRow: a.row,
        operand: 3,
        inner,
        c: c.at,
        cStride: c.stride,
        cRow: c.row,
        rows,
        panels,
      });
    };
  },

  accumulateProducts(room) {
    const inner = room.draw(4) === 0 ? room.from(120, 300) : room.from(0, 40);
    const rows = room.from(1, 30), panels = room.from(1, 20), width = rows + room.from(0, 9);
    const a = room.floats(inner * width), b = matrix(room, inner, panels), c = room.floats(8 * rows * panels);
    // Sums of -0 stay -0 unless the inner steps are filled up with 0 · 0.
    if (room.flag()) {
      for (const [at, count] of [[a, inner * width], [c, 8 * rows * panels]] as const) {
        room.set(at, count, () => room.flag() ? -0 : undefined);
      }
    }
    return (kernels) => kernels.accumulateProducts(a, 4 * width, b.at, b.stride, b.row, inner, c, rows, panels);
  },

  packColumns(room) {
    const rows = room.from(1, 40), groups = room.from(1, 4), width = room.from(1, 40), toRows = rows + room.from(0, 9);
    const from = room.floats(rows * groups * width), to = room.floats(8 * toRows * groups * Math.ceil(width / 8));
    return (kernels) => kernels.packColumns(from, rows, groups, width, to, toRows);
  },

  packRows(room) {
    const rows = room.from(1, 40), groups = room.from(1, 4), width = room.from(1, 40);
    const padded = 8 * Math.ceil(width / 8);
    const from = room.floats(rows * groups * width), to = room.floats(8 * Math.ceil(rows / 8) * groups * padded);
    return (kernels) => kernels.packRows(from, rows, groups, width, to);
  },

  unpackColumns(room) {
    const rows = room.from(1, 40),
      groups = room.from(1, 4),
      width = room.from(1, 40),
      fromRows = rows + room.from(0, 9);
    const from = room.floats(8 * fromRows * groups * Math.ceil(width / 8)), to = room.floats(rows * groups * width);
    return (kernels) => kernels.unpackColumns(from, fromRows, to, rows, groups, width);
  },

  addIndexedRows(room) {
    const count = room.from(0, 40), height = room.from(1, 40), panels = room.from(1, 6);
    const panelBytes = 32 * (Math.max(count, height) + room.from(0, 3));
    const from = room.floats(panels * panelBytes / 4), to = room.floats(panels * panelBytes / 4);
    const index = room.ints(count, height);
    return (kernels) => kernels.addIndexedRows(from, index, count, panels, panelBytes, to);
  },

  pickRows(room) {
    const rows = room.from(0, 40), height = room.from(1, 40), panels = room.from(1, 9);
    const from = matrix(room, Math.max(rows, height), panels), to = matrix(room, rows, panels);
    const index = room.flag() ? room.ints(2 * rows, height) : 0;
    return (kernels) =>
      kernels.pickRows(from.at, from.stride, from.row, index, 8, to.at, to.stride, to.row, rows, panels);
  },

  columnSums(room) {
    const rows = room.from(0, 40), panels = room.from(1, 9);
    const from = matrix(room, rows, panels), to = room.floats(8 * panels);
    return (kernels) => kernels.columnSums(from.at, from.stride, from.row, panels, rows, to);
  },

  zero(room) {
    const bytes = 4 * room.from(0, 200);
    const at = room.floats(bytes / 4 + 8);
    return (kernels) => kernels.zero(at, bytes);
  },
};
