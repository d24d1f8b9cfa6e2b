/** Tests the kernels whose matrices are row-major or in panels. */
import { assert, assertEquals } from "@std/assert";
import { inPanels, kernels, type Matrix, matrix, normals, vectors } from "./kernel_fixture.ts";

/** Computes c = rows of `from` + a · operand 0; `index` lists the rows, with another number after each. */
function multiply(
  from: Matrix,
  index: Int32Array | undefined,
  a: Matrix,
  inner: number,
  c: Matrix,
  rows: number,
  panels: number,
): void {
  kernels.gemm({
    from: from.values.byteOffset,
    fromStride: from.stride,
    fromRow: from.row,
    index: index?.byteOffset ?? 0,
    indexStride: 8,
    a: a.values.byteOffset,
    aStride: a.stride,
    aRow: a.row,
    operand: 0,
    inner,
    c: c.values.byteOffset,
    cStride: c.stride,
    cRow: c.row,
    rows,
    panels,
  });
}

for (const isRowMajor of [false, true]) {
  const order = isRowMajor ? "row-major" : "in panels";

  Deno.test(`gemm() agrees with float64 to 1e-6 for every number of rows, ${order}`, () => {
    const panels = 2;
    for (const inner of [8, 40, 64, 136]) {
      for (let rows = 0; rows <= 26; rows++) {
        const a = matrix(rows, inner / 8, isRowMajor), c = matrix(rows, panels, isRowMajor);
        const b = normals(panels * inner * 8), before = c.values.slice();
        kernels.stageOperand(0, b.byteOffset, inner, panels);
        multiply(c, undefined, a, inner, c, rows, panels);
        const added = before.map((value, i) => c.values[i]! - value);
        for (let row = 0; row < rows; row++) {
          for (let column = 0; column < 8 * panels; column++) {
            let sum = 0;
            for (let k = 0; k < inner; k++) sum += a.at(row, k) * inPanels(b, inner, k, column);
            const i = c.index(row, column);
            assert(Math.abs(added[i]! - sum) < 1e-6 * inner);
            added[i] = 0;
          }
        }
        assert(added.every((value) => value === 0), "written beside the matrix");
      }
    }
  });

  Deno.test(`gemm() adds the rows that an index lists, ${order}`, () => {
    const [rows, panels, inner] = [7, 3, 8];
    const a = matrix(rows, 1, false), c = matrix(rows, panels, false);
    const from = matrix(4, panels, isRowMajor);
    const index = vectors.ints(2 * rows);
    for (let row = 0; row < rows; row++) index[2 * row] = (3 * row + 1) % 4;
    kernels.stageOperand(0, vectors.floats(panels * inner * 8).byteOffset, inner, panels);
    multiply(from, index, a, inner, c, rows, panels);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < 8 * panels; column++) {
        assertEquals(c.at(row, column), from.at(index[2 * row]!, column));
      }
    }
  });

  Deno.test(`accumulateProducts() agrees with float64 to 1e-4 for all numbers of rows and steps, ${order}`, () => {
    for (let rows = 1; rows <= 19; rows++) {
      for (const inner of [0, 1, 7, 8, 13, 64, 67, 600]) checkProducts(inner, rows, 2, isRowMajor);
    }
  });

  Deno.test(`sumByToken() and columnSums() add rows in their order, ${order}`, () => {
    const [rows, steps, panels, count] = [5, 3, 2, 4];
    const values = matrix(rows * steps, panels, false);
    const sums = matrix(count, panels, isRowMajor), before = sums.values.slice();
    const slots = vectors.ints(rows * steps);
    for (let i = 0; i < slots.length; i++) slots[i] = (7 * i) % count;
    kernels.sumByToken(
      values.values.byteOffset,
      values.stride,
      panels,
      rows,
      steps,
      slots.byteOffset,
      4 * steps,
      sums.values.byteOffset,
      sums.stride,
      sums.row,
    );
    const columns = vectors.floats(8 * panels);
    kernels.columnSums(sums.values.byteOffset, sums.stride, sums.row, panels, count, columns.byteOffset);
    for (let column = 0; column < 8 * panels; column++) {
      let all = 0;
      for (let slot = 0; slot < count; slot++) {
        let sum = before[sums.index(slot, column)]!;
        for (let step = 0; step < steps; step++) {
          for (let row = 0; row < rows; row++) {
            if (slots[row * steps + step] === slot) sum = Math.fround(sum + values.at(step * rows + row, column));
          }
        }
        assertEquals(sums.at(slot, column), sum);
        all = Math.fround(all + sum);
      }
      assertEquals(columns[column], all);
    }
  });
}

function checkProducts(inner: number, rows: number, panels: number, isRowMajor: boolean): void {
  const stride = rows + 3;
  const a = normals(inner * stride), b = matrix(inner, panels, isRowMajor);
  const c = vectors.floats(panels * rows * 8);
  kernels.accumulateProducts(
    a.byteOffset,
    4 * stride,
    b.values.byteOffset,
    b.stride,
    b.row,
    inner,
    c.byteOffset,
    rows,
    panels,
  );
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < 8 * panels; column++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += a[k * stride + row]! * b.at(k, column);
      assert(Math.abs(inPanels(c, rows, row, column) - sum) < 1e-4);
    }
  }
}

Deno.test("gatherRows() and scatterRows() move rows of any width", () => {
  for (const width of [1, 4, 7, 8, 13]) {
    const from = normals(9 * width), rows = vectors.ints(4), stride = width + 5;
    rows.set([8, 0, 3, 5]);
    const gathered = vectors.floats(4 * stride);
    kernels.gatherRows(from.byteOffset, width, rows.byteOffset, 4, gathered.byteOffset, 4 * stride);
    const back = vectors.floats(9 * width);
    kernels.scatterRows(gathered.byteOffset, 4 * stride, 4, rows.byteOffset, back.byteOffset, width);
    for (let row = 0; row < 9; row++) {
      const n = rows.indexOf(row);
      for (let column = 0; column < stride; column++) {
        const inside = column < width;
        if (n >= 0) assertEquals(gathered[n * stride + column], inside ? from[row * width + column] : 0);
        if (inside) assertEquals(back[row * width + column], n < 0 ? 0 : from[row * width + column]);
      }
    }
  }
});

Deno.test("packColumns() and unpackColumns() are each other's inverse, packRows() packs the transpose", () => {
  for (const [rows, groups, width] of [[5, 4, 9], [16, 4, 8], [1, 1, 3], [11, 1, 20]] as const) {
    const from = normals(rows * groups * width);
    const padded = Math.ceil(width / 8) * 8;
    const columns = groups * padded;
    const panels = vectors.floats(columns * rows);
    kernels.packColumns(from.byteOffset, rows, groups, width, panels.byteOffset, rows);
    const transpose = vectors.floats(columns * Math.ceil(rows / 8) * 8);
    kernels.packRows(from.byteOffset, rows, groups, width, transpose.byteOffset);
    for (let row = 0; row < Math.ceil(rows / 8) * 8; row++) {
      for (let column = 0; column < columns; column++) {
        const w = column % padded, group = Math.floor(column / padded);
        const inside = row < rows && w < width;
        const expected = inside ? from[row * groups * width + group * width + w] : 0;
        if (row < rows) assertEquals(inPanels(panels, rows, row, column), expected);
        assertEquals(inPanels(transpose, columns, column, row), expected);
      }
    }
    const back = vectors.floats(from.length);
    kernels.unpackColumns(panels.byteOffset, rows, back.byteOffset, rows, groups, width);
    assertEquals(back, from);
  }
});
