/** Draws calls of the kernels of kernels/assembly/tokens that move or scale vectors. */
import type { Room } from "../room.ts";
import { matrix, type Twins } from "../twin.ts";

/** Draws vectors that are made of rows, and allocates lists of these rows and of the numbers of some vectors. */
function composed(room: Room) {
  const width = room.from(1, 150), height = room.from(1, 20), vectors = room.from(1, 12), count = room.from(0, 20);
  const ends = [0];
  for (let vector = 0; vector < vectors; vector++) ends.push(ends[vector]! + (room.flag() ? 1 : room.from(1, 9)));
  return {
    width,
    count,
    rowBytes: 4 * (width + room.from(0, 5)),
    size: width * height,
    offsets: room.ints(ends),
    rows: room.ints(ends[vectors]!, height),
    numbers: room.ints(count, vectors),
    zeroes: room.from(0, 5),
    height,
  };
}

export const tokenTwins: Twins = {
  composeRows(room) {
    const { width, count, rowBytes, size, offsets, rows, numbers } = composed(room);
    const from = room.floats(size), to = room.floats(count * rowBytes / 4);
    return (kernels) => kernels.composeRows(from, width, offsets, rows, numbers, count, to, rowBytes);
  },

  spreadRows(room) {
    const { width, count, rowBytes, size, offsets, rows, numbers, zeroes, height } = composed(room);
    const from = room.floats(count * rowBytes / 4), to = room.floats(size), zeroed = room.ints(zeroes, height);
    return (kernels) => kernels.spreadRows(from, rowBytes, numbers, count, offsets, rows, zeroed, zeroes, to, width);
  },

  gatherRows(room) {
    const width = room.from(1, 40), height = room.from(1, 20), count = room.from(0, 30);
    const toRow = 4 * (width + room.from(0, 5));
    const from = room.floats(width * height), rows = room.ints(count, height), to = room.floats(count * toRow / 4);
    return (kernels) => kernels.gatherRows(from, width, rows, count, to, toRow);
  },

  scatterRows(room) {
    const width = room.from(1, 40), height = room.from(1, 20), count = room.from(0, 30);
    const fromRow = 4 * (width + room.from(0, 5));
    const from = room.floats(count * fromRow / 4), rows = room.ints(count, height), to = room.floats(width * height);
    return (kernels) => kernels.scatterRows(from, fromRow, count, rows, to, width);
  },

  sumByToken(room) {
    const rows = room.from(1, 20), steps = room.from(1, 6), panels = room.from(1, 40), tokens = room.from(1, 12);
    const seriesBytes = 32 * rows * steps + 32 * room.from(0, 2), slotsStride = 4 * (steps + room.from(0, 3));
    const values = room.floats(panels * seriesBytes / 4), slots = room.ints(rows * slotsStride / 4, tokens);
    const sums = matrix(room, tokens, panels);
    return (kernels) =>
      kernels.sumByToken(
        values,
        seriesBytes,
        panels,
        rows,
        steps,
        slots,
        slotsStride,
        sums.at,
        sums.stride,
        sums.row,
      );
  },

  drop(room) {
    const count = room.from(0, 20), width = room.from(1, 60), elements = width + room.from(0, 9);
    const values = matrix(room, count, Math.ceil(width / 8));
    const mask = room.ints([room.draw(2 ** 30), 3, room.draw(2 ** 30), room.draw(2 ** 30), room.draw(2 ** 31), 0]);
    room.set(mask + 20, 1, () => 1.25);
    const kept = room.flag() ? room.ints(count * Math.ceil(width / 8)) : 0;
    const call = {
      mask,
      factors: room.scratch(4 * (width + 16)),
      index: room.flag() ? room.ints(count, 1000) : 0,
      first: room.draw(1000),
      count,
      elements,
      offset: room.draw(elements - width + 1),
      width,
      matrix: values.at,
      stride: values.stride,
      row: values.row,
      kept,
    };
    return (kernels) => kernels.drop(call);
  },

  dropAgain(room) {
    const count = room.from(0, 20), width = room.from(1, 60), panels = Math.ceil(width / 8);
    const values = matrix(room, count, panels), kept = room.ints(Math.ceil(count * panels / 4), 2 ** 31);
    const mask = room.ints(6);
    room.set(mask + 20, 1, () => 1.25);
    return (kernels) => kernels.dropAgain(mask, kept, count, width, values.at, values.stride, values.row);
  },
};
