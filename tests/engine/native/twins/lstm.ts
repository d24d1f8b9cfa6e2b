/** Draws calls of the kernels of kernels/assembly/lstm. */
import type { Room } from "../room.ts";
import type { Twin, Twins } from "../twin.ts";

function activation(name: "tanhArray" | "sigmoidArray" | "expArray"): Twin {
  return (room) => {
    const count = 4 * room.from(0, 40), scale = [1, 10, 100][room.draw(3)]!;
    const from = room.floats(count, scale), to = room.flag() ? room.floats(count) : from;
    return (kernels) => kernels[name](from, to, count);
  };
}

/** Draws the sizes of an LSTM and allocates its arrays over time. */
function series(room: Room) {
  const rows = room.from(1, 20), length = room.from(1, 6), panels = room.from(1, 5);
  const seriesBytes = 32 * rows * length + 32 * room.from(0, 2);
  const stateRow = 4 * (8 * panels + 4 * room.from(0, 5));
  const floats = panels * seriesBytes / 4;
  return {
    rows,
    length,
    panels,
    seriesBytes,
    stateRow,
    gates: room.floats(4 * floats),
    cells: room.floats(floats),
    tanhs: room.floats(floats),
    states: room.floats(rows * length * stateRow / 4),
  };
}

/** Allocates the rows of the tokens' contributions to the gates. */
function projections(room: Room, panels: number) {
  const tokens = room.from(1, 12), projectedRow = 4 * (32 * panels + 4 * room.from(0, 5));
  return { tokens, projected: room.floats(tokens * projectedRow / 4), projectedRow };
}

/** Draws the first step of each row, the longer rows first half of the time; 0 if no row is padded. */
function startsOf(room: Room, rows: number, length: number): number {
  if (room.flag()) return 0;
  const starts = Array.from({ length: rows }, () => room.draw(length));
  if (room.flag()) starts.sort((a, b) => a - b);
  return room.ints(starts);
}

export const lstmTwins: Twins = {
  tanhArray: activation("tanhArray"),
  sigmoidArray: activation("sigmoidArray"),
  expArray: activation("expArray"),

  lstmFirst(room) {
    const count = room.from(1, 20), panels = room.from(1, 5), size = 8 * count * panels;
    const { tokens, projected, projectedRow } = projections(room, panels);
    const stateRow = 4 * (8 * panels + 4 * room.from(0, 5));
    const kernel = room.floats(4 * panels * 64 * panels);
    const call = {
      count,
      panels,
      slotOfFirst: room.ints(count, tokens),
      projected,
      projectedRow,
      recurrent: 1,
      zeros: room.ints(8),
      gates: room.floats(4 * size),
      cells: room.floats(size),
      tanhs: room.floats(size),
      states: room.floats(count * stateRow / 4),
      stateRow,
      recurrentParts: room.floats(4 * size),
    };
    return (kernels) => {
      kernels.stageOperand(1, kernel, 8 * panels, 4 * panels);
      kernels.lstmFirst(call);
    };
  },

  lstmForward(room) {
    const arrays = series(room);
    const { rows, length, panels, stateRow } = arrays;
    const { tokens, projected, projectedRow } = projections(room, panels);
    const firstCount = room.from(1, rows), first = 8 * firstCount * panels;
    const kernel = room.floats(4 * panels * 64 * panels);
    const call = {
      ...arrays,
      slots: room.ints(rows * length, tokens),
      projected,
      projectedRow,
      recurrent: 1,
      firsts: room.ints(rows, firstCount),
      firstCount,
      firstCells: room.floats(first),
      firstStates: room.floats(firstCount * stateRow / 4),
      recurrentParts: room.floats(4 * first),
    };
    return (kernels) => {
      kernels.stageOperand(1, kernel, 8 * panels, 4 * panels);
      kernels.lstmForward(call);
    };
  },

  lstmBackward(room) {
    const { states: _, stateRow: __, ...arrays } = series(room);
    const { rows, panels } = arrays;
    const kernel = room.floats(4 * panels * 64 * panels);
    const call = {
      ...arrays,
      recurrentT: 2,
      zeros: room.ints(8),
      stateGradient: room.floats(8 * rows * panels),
      cellGradient: room.floats(8 * rows * panels),
    };
    return (kernels) => {
      kernels.stageOperand(2, kernel, 32 * panels, panels);
      kernels.lstmBackward(call);
    };
  },

  lstmFirstBackward(room) {
    const count = room.from(1, 20), panels = room.from(1, 5), size = 8 * count * panels;
    const kernel = room.floats(4 * panels * 64 * panels);
    const call = {
      count,
      panels,
      recurrentT: 2,
      gateSums: room.floats(4 * size),
      gates: room.floats(4 * size),
      cells: room.floats(size),
      tanhs: room.floats(size),
      stateGradient: room.floats(size),
      cellGradient: room.floats(size),
    };
    return (kernels) => {
      kernels.stageOperand(2, kernel, 32 * panels, panels);
      kernels.lstmFirstBackward(call);
    };
  },

  lstmSteps(room) {
    const arrays = series(room);
    const { rows, length, panels } = arrays;
    const { tokens, projected, projectedRow } = projections(room, panels);
    const kernel = room.floats(4 * panels * 64 * panels), slotsStride = 4 * (length + room.from(0, 3));
    const call = {
      ...arrays,
      starts: startsOf(room, rows, length),
      slots: room.flag() ? room.ints(rows * slotsStride / 4, tokens) : 0,
      slotsStride,
      projected,
      projectedRow,
      recurrent: 1,
    };
    return (kernels) => {
      kernels.stageOperand(1, kernel, 8 * panels, 4 * panels);
      kernels.lstmSteps(call);
    };
  },

  lstmStepsBackward(room) {
    const { states: _, stateRow: __, ...arrays } = series(room);
    const { rows, length, panels, seriesBytes } = arrays;
    const kernel = room.floats(4 * panels * 64 * panels), isLast = room.flag();
    const call = {
      ...arrays,
      starts: startsOf(room, rows, length),
      recurrentT: 2,
      zeros: room.ints(8),
      stateGradients: room.floats(panels * seriesBytes / 4),
      gradientStep: isLast ? 0 : 32 * rows,
      gradientPanel: isLast ? 32 * rows : seriesBytes,
      cellGradient: room.floats(8 * rows * panels),
    };
    return (kernels) => {
      kernels.stageOperand(2, kernel, 32 * panels, panels);
      kernels.lstmStepsBackward(call);
    };
  },
};
