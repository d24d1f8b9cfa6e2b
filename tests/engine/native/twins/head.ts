/** Draws calls of the kernels of kernels/assembly/head. */
import type { Room } from "../room.ts";
import type { Twins } from "../twin.ts";

/** Draws the sizes of states over time, and the first step of each row. */
function shape(room: Room) {
  const rows = room.from(1, 20), length = room.from(1, 6), panels = room.from(1, 5);
  const stateRow = 4 * (8 * panels + 4 * room.from(0, 5));
  const starts = room.flag() ? room.ints(rows, length) : 0;
  return { rows, length, panels, stateRow, starts, size: 8 * rows * panels };
}

/** Draws the logits of some rows, -Infinity beyond the classes, and their labels. */
function classified(room: Room) {
  const rows = room.from(1, 30), classes = room.from(2, 30), panels = Math.ceil(classes / 8);
  const logits = room.floats(8 * rows * panels, [1, 10, 100][room.draw(3)]);
  room.set(logits, 8 * rows * panels, (index) => {
    const column = 8 * Math.floor(index / (8 * rows)) + index % 8;
    return column < classes ? undefined : -Infinity;
  });
  return { rows, classes, panels, logits, labels: room.ints(rows, classes) };
}

export const headTwins: Twins = {
  poolMean(room) {
    const { rows, length, panels, stateRow, starts } = shape(room);
    const states = room.floats(rows * length * stateRow / 4), to = room.floats(rows * stateRow / 4);
    return (kernels) => kernels.poolMean(states, stateRow, rows, length, panels, starts, to, stateRow);
  },

  poolMeanBackward(room) {
    const { rows, length, panels, starts, size } = shape(room);
    const panelBytes = 32 * rows * length + 32 * room.from(0, 2);
    const gradient = room.floats(size), to = room.floats(panels * panelBytes / 4);
    return (kernels) => kernels.poolMeanBackward(gradient, rows, length, panels, starts, to, panelBytes);
  },

  poolMax(room) {
    const { rows, length, panels, stateRow, starts, size } = shape(room);
    const states = room.floats(rows * length * stateRow / 4), to = room.floats(rows * stateRow / 4);
    // Equal maxima.
    room.set(states, rows * length * stateRow / 4, () => room.draw(4) === 0 ? 1.5 : undefined);
    const winners = room.floats(size), backward = room.flag();
    return (kernels) =>
      kernels.poolMax(states, stateRow, rows, length, panels, starts, backward, to, stateRow, winners);
  },

  poolMaxBackward(room) {
    const { rows, length, panels, size } = shape(room);
    const panelBytes = 32 * rows * length + 32 * room.from(0, 2);
    const gradient = room.floats(size), winners = room.ints(size, length), to = room.floats(panels * panelBytes / 4);
    return (kernels) => kernels.poolMaxBackward(gradient, winners, rows, length, panels, to, panelBytes);
  },

  softmaxCrossEntropy(room) {
    const { rows, classes, panels, logits, labels } = classified(room);
    const weights = room.flag() ? room.between(classes, 0.1, 3) : 0;
    const correct = room.ints(1), spare = room.scratch(4), scale = Math.fround(1 / rows);
    return (kernels) => kernels.softmaxCrossEntropy(logits, rows, panels, labels, scale, weights, correct, spare);
  },

  sigmoidCrossEntropy(room) {
    const { rows, classes, panels, logits } = classified(room);
    const sets = Array.from(
      { length: rows },
      () => Array.from({ length: classes }, (_, k) => k).filter(() => room.flag()),
    );
    const labels = room.ints(sets.flat()), scale = Math.fround(1 / rows);
    const offsets = room.ints([0, ...sets.map((_, row) => sets.slice(0, row + 1).flat().length)]);
    const correct = room.ints(1);
    return (kernels) => kernels.sigmoidCrossEntropy(logits, rows, panels, labels, offsets, scale, correct);
  },

  sigmoids(room) {
    const { rows, classes, panels, logits } = classified(room);
    const to = room.floats(rows * classes);
    return (kernels) => kernels.sigmoids(logits, rows, panels, classes, to);
  },

  softmax(room) {
    const { rows, classes, panels, logits } = classified(room);
    const to = room.floats(rows * classes), spare = room.scratch(4);
    return (kernels) => kernels.softmax(logits, rows, panels, classes, to, spare);
  },
};
