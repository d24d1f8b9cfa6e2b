import { assert, assertEquals } from "@std/assert";
import { bindKernels } from "../../lib/engine/simd_kernels.ts";
import { dropoutMasks } from "../../lib/engine/dropout.ts";
import { MASKS_BYTES, SimdMasks } from "../../lib/engine/simd_dropout.ts";
import { Random, Stream } from "../../lib/random.ts";
import { SharedVectors } from "./shared_vectors.ts";
import { modules } from "./simd_fixture.ts";

const vectors = new SharedVectors(2 ** 27);
const kernels = bindKernels(modules, vectors.memory);
const random = new Random(1, Stream.weights);
const normals = (count: number) => vectors.floats(Array.from({ length: count }, () => random.normal()));

/** Value (row, column) of a matrix of `rows` rows in panels. */
const inPanels = (panels: Float32Array, rows: number, row: number, column: number): number =>
  panels[(column >> 3) * rows * 8 + row * 8 + (column & 7)]!;

/** A matrix, and how kernels are told where it lies. */
interface Matrix {
  readonly values: Float32Array;
  readonly stride: number;
  readonly row: number;
  readonly at: (row: number, column: number) => number;
}

/** A matrix of `panels` · 8 columns: in panels, or row-major with something after each row. */
function matrix(values: (count: number) => Float32Array, rows: number, panels: number, isRowMajor: boolean): Matrix {
  const stride = isRowMajor ? 8 : 8 * rows, row = isRowMajor ? 8 * panels + 16 : 8;
  const made = values(isRowMajor ? rows * row : panels * stride);
  const at = (r: number, column: number) => made[(column >> 3) * stride + r * row + (column & 7)]!;
  return { values: made, stride: 4 * stride, row: 4 * row, at };
}

/** c = rows of `from` + a · operand 0; `index` lists the rows, with another number after each. */
function multiply(
  from: Matrix,
  index: Int32Array | undefined,
  a: Matrix,
  inner: number,
  c: Matrix,
  rows: number,
  panels: number,
): void {
  kernels.gemm(
    from.values.byteOffset,
    from.stride,
    from.row,
    index?.byteOffset ?? 0,
    8,
    a.values.byteOffset,
    a.stride,
    a.row,
    0,
    inner,
    c.values.byteOffset,
    c.stride,
    c.row,
    rows,
    panels,
  );
}

for (const isRowMajor of [false, true]) {
  const order = isRowMajor ? "row-major" : "in panels";

  Deno.test(`gemm() agrees with float64 to 1e-6 for every number of rows, ${order}`, () => {
    const panels = 2;
    for (const inner of [8, 40, 64, 136]) {
      for (let rows = 0; rows <= 26; rows++) {
        const a = matrix(normals, rows, inner / 8, isRowMajor), c = matrix(normals, rows, panels, isRowMajor);
        const b = normals(panels * inner * 8), before = c.values.slice();
        kernels.stageOperand(0, b.byteOffset, inner, panels);
        multiply(c, undefined, a, inner, c, rows, panels);
        const added = before.map((value, i) => c.values[i]! - value);
        for (let row = 0; row < rows; row++) {
          for (let column = 0; column < 8 * panels; column++) {
            let sum = 0;
            for (let k = 0; k < inner; k++) sum += a.at(row, k) * inPanels(b, inner, k, column);
            const i = ((column >> 3) * c.stride + row * c.row) / 4 + (column & 7);
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
    const a = matrix(normals, rows, 1, false), c = matrix(normals, rows, panels, false);
    const from = matrix(normals, 4, panels, isRowMajor);
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

  Deno.test(`accumulateProducts() agrees with float64 to 1e-4 for every number of rows and inner steps, ${order}`, () => {
    for (let rows = 1; rows <= 19; rows++) {
      for (const inner of [0, 1, 7, 8, 13, 64, 67, 600]) checkProducts(inner, rows, 2, isRowMajor);
    }
  });

  Deno.test(`sumByToken() and columnSums() add rows in their order, ${order}`, () => {
    const [rows, steps, panels, count] = [5, 3, 2, 4];
    const values = matrix(normals, rows * steps, panels, false);
    const sums = matrix(normals, count, panels, isRowMajor), before = sums.values.slice();
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
        let sum = before[((column >> 3) * sums.stride + slot * sums.row) / 4 + (column & 7)]!;
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
  const a = normals(inner * stride), b = matrix(normals, inner, panels, isRowMajor);
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

Deno.test("distinctTokens() and reverseSlots() put each row's tokens at its last steps", () => {
  const tokens = vectors.ints(12);
  tokens.set([7, 2, 7, 5, /**/ 2, 99, -1, 99, /**/ 5, 9, 2, 99]);
  const starts = vectors.ints(3);
  starts.set([0, 3, 1]);
  const table = vectors.ints(10), tokenOfSlot = vectors.ints(12), slots = vectors.ints(12), reversed = vectors.ints(12);
  const find = (at: number) =>
    kernels.distinctTokens(
      tokens.byteOffset,
      3,
      4,
      at,
      10,
      table.byteOffset,
      tokenOfSlot.byteOffset,
      slots.byteOffset,
    );
  assertEquals(find(starts.byteOffset), 4);
  assertEquals([...tokenOfSlot.subarray(0, 4)], [7, 2, 5, 9]);
  assertEquals([...slots], [0, 1, 0, 2, /**/ 0, 0, 0, 1, /**/ 0, 2, 3, 1]);
  kernels.reverseSlots(slots.byteOffset, 3, 4, starts.byteOffset, reversed.byteOffset);
  assertEquals([...reversed], [2, 0, 1, 0, /**/ 0, 0, 0, 1, /**/ 0, 1, 3, 2]);
  assertEquals(find(0), -1 - 5);
  assert(table.every((entry) => entry === 0));
});

Deno.test("mirrorSteps() and stepPositions() agree on where each position of a row is", () => {
  const [rows, length, first, batchLength] = [3, 5, 7, 9];
  const starts = vectors.ints(rows);
  starts.set([0, 4, 2]);
  const mirror = vectors.ints(rows * length),
    forward = vectors.ints(rows * length),
    backward = vectors.ints(rows * length);
  kernels.mirrorSteps(rows, length, starts.byteOffset, mirror.byteOffset);
  kernels.stepPositions(rows, length, starts.byteOffset, first, batchLength, 0, forward.byteOffset);
  kernels.stepPositions(rows, length, starts.byteOffset, first, batchLength, 1, backward.byteOffset);
  for (let step = 0; step < length; step++) {
    for (let row = 0; row < rows; row++) {
      const at = step * rows + row;
      assertEquals(mirror[mirror[at]!], at);
      if (step < starts[row]!) {
        assertEquals(mirror[at], at);
        continue;
      }
      assertEquals(forward[at], (first + row) * batchLength + step - starts[row]!);
      assertEquals(backward[mirror[at]!], forward[at]);
    }
  }
});

Deno.test("drop() and dropAgain() multiply with the factors of dropoutMasks(), row-major and in panels", () => {
  const options = { rate: 0.37, seed: 4_000_000_001 };
  const at = vectors.allocate(MASKS_BYTES);
  const masks = new SimdMasks(vectors.memory, at, options);
  for (const draw of [0, 1, 2 ** 28 + 5, 2 ** 48]) {
    masks.select(draw);
    for (const area of [0, 3, 8]) {
      // The last elements lie above 2^31.
      const widths = [[1, 1, 0], [7, 7, 0], [9, 18, 9], [64, 128, 64], [9, 800_000_003, 5]] as const;
      for (const [width, elements, offset] of widths) {
        const mask = dropoutMasks(options).at(draw, area);
        const count = 3, first = 3, stride = Math.ceil(width / 8) * 8;
        const rows = vectors.floats(count * stride).fill(1), panels = vectors.floats(count * stride).fill(1);
        type Place = readonly [at: number, stride: number, row: number];
        const places: Place[] = [[rows.byteOffset, 32, 4 * stride], [panels.byteOffset, 32 * count, 32]];
        const factors = vectors.floats(width + 16), kept = vectors.allocate(count * stride / 8);
        const drop = (index: number, place: Place) =>
          kernels.drop(
            masks.of(area),
            factors.byteOffset,
            index,
            first,
            count,
            elements,
            offset,
            width,
            ...place,
            kept,
          );
        const items = vectors.ints(count);
        items.set([3, 4, 5]);
        for (const place of places) {
          drop(0, place);
          drop(items.byteOffset, place); // The same items again: the square of each factor.
          kernels.dropAgain(masks.of(area), kept, count, width, ...place);
        }
        for (let row = 0; row < count; row++) {
          for (let column = 0; column < width; column++) {
            const factor = mask.factor((first + row) * elements + offset + column);
            const cubed = Math.fround(Math.fround(factor * factor) * factor);
            assertEquals(rows[row * stride + column], cubed);
            assertEquals(inPanels(panels, count, row, column), cubed);
          }
        }
      }
    }
  }
});

for (const backward of [0, 1]) {
  Deno.test(`poolMean() and poolMax() agree with plain loops to 1e-6, ${backward ? "backwards" : "forwards"}`, () => {
    const [rows, length, panels] = [5, 6, 2];
    const width = 8 * panels, stride = width + 4;
    // Few values, so that maxima are met more than once.
    const states = normals(length * rows * stride).map(Math.round);
    const inside = vectors.floats(states);
    const starts = vectors.ints(rows);
    starts.set([0, 5, 2, 0, 3]);
    const to = vectors.floats(rows * width), winners = vectors.ints(rows * width);
    const gradient = normals(rows * width), gradients = vectors.floats(rows * width * length);
    const pool = [inside.byteOffset, 4 * stride, rows, length, panels, starts.byteOffset] as const;
    const target = [to.byteOffset, 4 * width] as const;
    const panelBytes = 32 * rows * length;
    const gradientAt = (step: number, row: number, column: number): number =>
      gradients[(column >> 3) * 8 * rows * length + 8 * (step * rows + row) + (column & 7)]!;
    const each = (use: (row: number, column: number, own: number[], start: number) => void) => {
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < width; column++) {
          const own: number[] = [];
          for (let step = starts[row]!; step < length; step++) own.push(states[(step * rows + row) * stride + column]!);
          use(row, column, own, starts[row]!);
        }
      }
    };

    kernels.poolMean(...pool, ...target);
    const back = [rows, length, panels] as const;
    kernels.poolMeanBackward(gradient.byteOffset, ...back, starts.byteOffset, gradients.byteOffset, panelBytes);
    each((row, column, own, start) => {
      const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
      assert(Math.abs(to[row * width + column]! - mean) < 1e-6);
      for (let step = 0; step < length; step++) {
        const expected = step < start ? 0 : inPanels(gradient, rows, row, column) / own.length;
        assert(Math.abs(gradientAt(step, row, column) - expected) < 1e-6);
      }
    });

    kernels.poolMax(...pool, backward, ...target, winners.byteOffset);
    kernels.poolMaxBackward(
      gradient.byteOffset,
      winners.byteOffset,
      ...back,
      gradients.byteOffset,
      panelBytes,
    );
    each((row, column, own, start) => {
      const most = Math.max(...own);
      const winner = start + (backward ? own.lastIndexOf(most) : own.indexOf(most));
      assertEquals(to[row * width + column]!, most);
      for (let step = 0; step < length; step++) {
        const expected = step === winner ? inPanels(gradient, rows, row, column) : 0;
        assertEquals(gradientAt(step, row, column), expected);
      }
    });
  });
}
