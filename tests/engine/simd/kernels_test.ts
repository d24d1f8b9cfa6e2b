import { assert, assertEquals } from "@std/assert";
import { dropoutMasks } from "../../../lib/engine/dropout.ts";
import { MASKS_BYTES, SimdMasks } from "../../../lib/engine/simd/masks.ts";
import { inPanels, kernels, normals, vectors } from "./kernel_fixture.ts";

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

Deno.test("drop() and dropAgain() multiply with dropoutMasks(), row-major and in panels", () => {
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
        const places = [
          { matrix: rows.byteOffset, stride: 32, row: 4 * stride },
          { matrix: panels.byteOffset, stride: 32 * count, row: 32 },
        ];
        const factors = vectors.floats(width + 16), kept = vectors.allocate(count * stride / 8);
        const call = { mask: masks.of(area), factors: factors.byteOffset, first, count, elements, offset, width, kept };
        const items = vectors.ints(count);
        items.set([3, 4, 5]);
        for (const place of places) {
          kernels.drop({ ...call, ...place, index: 0 });
          // The same items again: the square of each factor.
          kernels.drop({ ...call, ...place, index: items.byteOffset });
          kernels.dropAgain(masks.of(area), kept, count, width, place.matrix, place.stride, place.row);
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
    // Few values, so that several steps have the maximum.
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
